import { spawnSync } from 'node:child_process'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { gzip } from '../src/sources/gzip.ts'

async function compressed(chunks: Iterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of gzip(
    (async function* () {
      yield* chunks
    })(),
  ))
    parts.push(Buffer.from(part))
  return Buffer.concat(parts)
}

/** Text that compresses, longer than several blocks. */
const large = Buffer.from(Array.from({ length: 400_000 }, (_, index) => `line ${index % 1000} of ${index}\n`).join(''))

test('any bytes come back, however they arrive, and always as the same gzip', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), fc.nat(large.length), fc.nat(), async (bytes, end, cut) => {
      const whole = Buffer.concat([Buffer.from(bytes), large.subarray(0, end)])
      const at = cut % (whole.length + 1)
      const once = await compressed([whole])
      expect(gunzipSync(once).equals(whole)).toBe(true)
      expect((await compressed([whole.subarray(0, at), whole.subarray(at)])).equals(once)).toBe(true)
    }),
    { numRuns: 15 },
  )
})

test('it is one member that other programs read, about as small as theirs', async () => {
  const bytes = await compressed([large])
  const theirs = spawnSync('gzip', ['-6nc'], { input: large, maxBuffer: 64 * 1024 * 1024 })
  expect(bytes.length).toBeLessThan(theirs.stdout.length * 1.05)
  const read = spawnSync('gzip', ['-dc'], { input: bytes, maxBuffer: 64 * 1024 * 1024 })
  expect(read.stdout.equals(large)).toBe(true)
  expect(gunzipSync(await compressed([]))).toHaveLength(0)
})
