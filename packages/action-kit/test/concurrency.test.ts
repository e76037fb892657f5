import fc from 'fast-check'
import { inParallel, memoised, once } from '../src/index.ts'

test('once makes its value when first asked, and only then', () => {
  let made = 0
  const get = once(() => ++made)
  expect(made).toBe(0)
  expect([get(), get()]).toEqual([1, 1])
})

test('once keeps also a value of undefined', () => {
  let made = 0
  const get = once(() => void made++)
  get()
  get()
  expect(made).toBe(1)
})

test('memoised asks once per key, also while the answer is under way, and asks again after an error', async () => {
  const asked: string[] = []
  const answer = memoised(async (key) => {
    asked.push(key)
    if (asked.length === 1) throw new Error('lost')
    return key.toUpperCase()
  })
  await expect(Promise.all([answer('a'), answer('a')])).rejects.toThrow('lost')
  expect(await Promise.all([answer('a'), answer('a'), answer('b')])).toEqual(['A', 'A', 'B'])
  expect(asked).toEqual(['a', 'a', 'b'])
})

test('inParallel answers in order and never exceeds its limit', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(3), { maxLength: 20 }), fc.integer({ min: 1, max: 5 }), async (turns, limit) => {
      let running = 0
      let most = 0
      const results = await inParallel(turns, limit, async (count) => {
        most = Math.max(most, ++running)
        for (let turn = 0; turn < count; turn++) await Promise.resolve()
        running--
        return count * 2
      })
      expect(results).toEqual(turns.map((count) => count * 2))
      expect(most).toBeLessThanOrEqual(limit)
    }),
  )
})

test('after the first error nothing new starts, and it is thrown when what runs has ended', async () => {
  const ended: number[] = []
  const work = inParallel([1, 2, 3, 4], 2, async (item) => {
    if (item === 1) throw new Error('first')
    await Promise.resolve()
    ended.push(item)
  })
  await expect(work).rejects.toThrow('first')
  expect(ended).toEqual([2])
})
