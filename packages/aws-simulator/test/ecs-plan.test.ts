import fc from 'fast-check'
import { bounds, type Counted, planStep } from '../src/ecs/deployments/plan.ts'

interface Fake extends Counted {
  name: string
}
const tasks = (prefix: string, count: number, healthy = true): Fake[] =>
  Array.from({ length: count }, (_, index) => ({ name: `${prefix}${index}`, healthy, unhealthy: false }))

describe('bounds of a rolling deployment', () => {
  test.each([
    [4, 100, 200, 4, 8],
    [4, 50, 100, 2, 4],
    [4, 100, 150, 4, 6],
    [2, 75, 100, 2, 2],
    [3, 100, 125, 3, 3],
    [1, 100, 200, 1, 2],
    [1, 50, 100, 1, 1],
    [1, 0, 100, 0, 1],
  ])('desired %i at %i/%i: floor %i, ceiling %i', (desired, minimum, maximum, floor, ceiling) => {
    expect(bounds(desired, minimum, maximum)).toEqual({ floor, ceiling })
  })
})

const first = (desired: number, minimumHealthyPercent: number, maximumPercent: number) =>
  planStep({
    desired,
    minimumHealthyPercent,
    maximumPercent,
    primary: [],
    others: tasks('old', desired),
    allowance: Number.POSITIVE_INFINITY,
  })

describe('the first step', () => {
  test.each([
    [4, 100, 200, 4, 0, false],
    [4, 50, 100, 0, 2, false],
    [4, 100, 150, 2, 0, false],
    [2, 75, 100, 0, 0, true],
    [3, 100, 125, 0, 0, true],
    [1, 100, 200, 1, 0, false],
    [1, 50, 100, 0, 0, true],
    [1, 0, 100, 0, 1, false],
  ])('desired %i at %i/%i starts %i, stops %i, stuck: %s', (desired, minimum, maximum, start, stop, stuck) => {
    const plan = first(desired, minimum, maximum)
    expect({ start: plan.start, stop: plan.stop.length, stuck: plan.stuck }).toEqual({ start, stop, stuck })
  })

  test('is not stuck while throttled: it waits', () => {
    const plan = planStep({
      desired: 3,
      minimumHealthyPercent: 100,
      maximumPercent: 125,
      primary: [],
      others: tasks('old', 3),
      allowance: 0,
    })
    expect(plan).toEqual({ start: 0, stop: [], stuck: false })
  })
})

test('old tasks leave only as new ones become healthy', () => {
  const primary = [...tasks('new', 2), ...tasks('late', 2, false)]
  const plan = planStep({
    desired: 4,
    minimumHealthyPercent: 100,
    maximumPercent: 200,
    primary,
    others: tasks('old', 4),
    allowance: Number.POSITIVE_INFINITY,
  })
  expect(plan.start).toBe(0)
  expect(plan.stop).toHaveLength(2)
  expect(plan.stop.every(({ name }) => name.startsWith('old'))).toBe(true)
})

test('an unhealthy task is replaced first and stopped then, or stopped alone where there is no room', () => {
  const primary = [{ name: 'sick', healthy: false, unhealthy: true }, ...tasks('ok', 1)]
  const situation = { desired: 2, minimumHealthyPercent: 50, primary, others: [], allowance: Number.POSITIVE_INFINITY }
  const roomy = planStep({ ...situation, maximumPercent: 200 })
  expect(roomy.start).toBe(1)
  expect(roomy.stop.map(({ name }) => name)).toEqual(['sick'])
  const tight = planStep({ ...situation, maximumPercent: 100 })
  expect(tight.start).toBe(0)
  expect(tight.stop.map(({ name }) => name)).toEqual(['sick'])
})

test('a smaller desired count stops the tasks missed least', () => {
  const primary = [...tasks('ok', 3), ...tasks('pending', 1, false)]
  const plan = planStep({
    desired: 2,
    minimumHealthyPercent: 100,
    maximumPercent: 200,
    primary,
    others: [],
    allowance: Number.POSITIVE_INFINITY,
  })
  expect(plan.stop.map(({ name }) => name)).toEqual(['pending0', 'ok0'])
})

/** Runs steps until nothing changes; every started task becomes healthy, every stopped one is gone. */
function runToEnd(desired: number, minimum: number, maximum: number) {
  const { floor, ceiling } = bounds(desired, minimum, maximum)
  let primary: Fake[] = []
  let others = tasks('old', desired)
  for (let round = 0; round < 10 * desired + 20; round++) {
    const plan = planStep({
      desired,
      minimumHealthyPercent: minimum,
      maximumPercent: maximum,
      primary,
      others,
      allowance: Number.POSITIVE_INFINITY,
    })
    if (plan.stuck) return { primary, others, stuck: true }
    const healthyBefore = [...primary, ...others].filter(({ healthy }) => healthy).length
    primary = primary.filter((task) => !plan.stop.includes(task))
    others = others.filter((task) => !plan.stop.includes(task))
    const healthyAfter = [...primary, ...others].filter(({ healthy }) => healthy).length
    if (healthyAfter < healthyBefore) expect(healthyAfter).toBeGreaterThanOrEqual(floor)
    primary = [...primary, ...tasks(`new${round}-`, plan.start, false)]
    expect(primary.length + others.length).toBeLessThanOrEqual(Math.max(ceiling, desired))
    if (plan.start === 0 && plan.stop.length === 0 && primary.every(({ healthy }) => healthy)) break
    primary = primary.map((task) => ({ ...task, healthy: true }))
  }
  return { primary, others, stuck: false }
}

test('whatever the percentages, a deployment ends with exactly the desired new tasks or says that it is stuck, within its bounds', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 30 }),
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 100, max: 250 }),
      (desired, minimum, maximum) => {
        const { floor, ceiling } = bounds(desired, minimum, maximum)
        const end = runToEnd(desired, minimum, maximum)
        expect(end.stuck).toBe(floor >= desired && ceiling <= desired)
        if (!end.stuck) expect([end.primary.length, end.others.length]).toEqual([desired, 0])
      },
    ),
    { numRuns: 300 },
  )
})
