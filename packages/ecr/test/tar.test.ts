import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import fc from 'fast-check'
import { tarEntries } from '../src/sources/tar.ts'
import { tarOf } from './support/images.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tar-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(bytes: Buffer): string {
  const file = path.join(folder, 'archive.tar')
  writeFileSync(file, bytes)
  return file
}

async function contents(file: string): Promise<Record<string, string>> {
  const bytes = readFileSync(file)
  const entries = [...(await tarEntries(file, 'archive image.tar'))]
  return Object.fromEntries(
    entries.map(([name, { offset, size }]) => [name, bytes.subarray(offset, offset + size).toString()]),
  )
}

test('any files come back with their bytes, whatever the length of names and contents', async () => {
  const segment = fc.string({ unit: fc.constantFrom('a', 'b', 'ü', '-', '漢'), minLength: 1, maxLength: 60 })
  const name = fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'))
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, fc.string({ maxLength: 2000 }), { maxKeys: 6 }), async (files) => {
      // A name can't be a file and a folder at once.
      const names = Object.keys(files).filter((one) => !Object.keys(files).some((other) => other.startsWith(`${one}/`)))
      const given = Object.fromEntries(names.map((one) => [one, files[one]!]))
      expect(await contents(write(await tarOf(given)))).toEqual(given)
    }),
    { numRuns: 60 },
  )
})

test.each(['gnu', 'pax', 'ustar', 'oldgnu'])(
  'reads what GNU tar writes as %s, with links and long names',
  async (format) => {
    const root = path.join(folder, 'root')
    const deep = format === 'ustar' ? 'd'.repeat(90) : 'd'.repeat(180)
    mkdirSync(path.join(root, deep), { recursive: true })
    writeFileSync(path.join(root, deep, 'layer.tar'), 'layer')
    symlinkSync(`${deep}/layer.tar`, path.join(root, 'same.tar'))
    const archive = path.join(folder, 'gnu.tar')
    expect(spawnSync('tar', ['--format', format, '-C', root, '-cf', archive, '.']).status).toBe(0)
    expect(await contents(archive)).toEqual({ [`${deep}/layer.tar`]: 'layer', 'same.tar': 'layer' })
  },
)

test('follows symbolic and hard links, and leaves out those that lead nowhere or in a circle', async () => {
  const tar = await tarOf({
    'a/layer.tar': 'bytes',
    'b/layer.tar': { symlink: '../a/layer.tar' },
    'c/layer.tar': { symlink: '../b/layer.tar' },
    'd.tar': { link: 'a/layer.tar' },
    'lost.tar': { symlink: 'nowhere' },
    'x.tar': { symlink: 'y.tar' },
    'y.tar': { symlink: 'x.tar' },
    'out.tar': { symlink: '../../../../etc/passwd' },
  })
  expect(await contents(write(tar))).toEqual({
    'a/layer.tar': 'bytes',
    'b/layer.tar': 'bytes',
    'c/layer.tar': 'bytes',
    'd.tar': 'bytes',
  })
})

test('finds a file beyond eight gigabytes, whose size does not fit the octal field', async () => {
  const file = path.join(folder, 'large.tar')
  const size = 9 * 1024 ** 3
  const header = (await tarOf({ 'small.txt': 'x' })).subarray(0, 512)
  const large = Buffer.from(header)
  large.write('large.bin\0', 0)
  large.fill(0, 124, 136)
  large[124] = 0x80
  large.writeBigUInt64BE(BigInt(size), 128)
  writeFileSync(file, withChecksum(large))
  truncateSync(file, 512 + size)
  writeFileSync(file, await tarOf({ 'small.txt': 'x' }), { flag: 'a' })
  const entries = await tarEntries(file, 'archive image.tar')
  expect(entries.get('large.bin')).toEqual({ offset: 512, size })
  expect(entries.get('small.txt')).toEqual({ offset: 1024 + size, size: 1 })
})

test('says what is wrong with a file that is cut off, damaged, or no tar', async () => {
  const tar = await tarOf({ 'a.txt': 'a'.repeat(3000), 'b.txt': 'b' })
  await expect(tarEntries(write(tar.subarray(0, 1500)), 'archive image.tar')).rejects.toThrow(
    'Archive image.tar is truncated: it ends after 1500 bytes',
  )
  const damaged = Buffer.from(tar)
  damaged[512 + 3072] = 0x58
  await expect(tarEntries(write(damaged), 'archive image.tar')).rejects.toThrow('is damaged: a bad header at byte 3584')
  await expect(tarEntries(write(Buffer.from('no tar at all '.repeat(100))), 'archive image.tar')).rejects.toThrow(
    'is neither a tar archive nor a directory. Input "image" takes',
  )
})

function withChecksum(header: Buffer): Buffer {
  header.fill(0x20, 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}
