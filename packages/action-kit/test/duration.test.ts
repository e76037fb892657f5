import fc from 'fast-check'
import { formatDuration, formatStopwatch, parseDuration } from '../src/index.ts'

test.each([
  ['90s', 90_000],
  ['15m', 900_000],
  ['1h30m', 5_400_000],
  ['7d', 604_800_000],
  ['0s', 0],
])('%s is %i ms', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds)
})

test.each(['', '15', 'm', '1.5h', '-1m', '10 m', '1w'])('"%s" is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined()
})

test('what is written for a reader can be read back, to its two largest units', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000_000 }), (seconds) => {
      const back = parseDuration(formatDuration(seconds * 1000).replaceAll(' ', ''))!
      expect(Math.abs(back - seconds * 1000)).toBeLessThan(seconds < 3600 ? 1 : 3_600_000)
    }),
  )
})

test.each([
  [41_000, '00:41'],
  [725_000, '12:05'],
  [3_750_000, '1:02:30'],
  [-5, '00:00'],
])('a stopwatch shows %i ms as %s', (milliseconds, text) => {
  expect(formatStopwatch(milliseconds)).toBe(text)
})
