import { GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import fc from 'fast-check'
import { startSimulator } from '../src/index.ts'
import { serviceModel, shapeOf } from '../src/model/model.ts'
import { pageOf } from '../src/paging.ts'
import { queryProtocol } from '../src/wire/query.ts'
import { clientsOf } from './clients.ts'
import { registryClient, sha256, withDigest } from './http.ts'

test('pages cover a listing once, whatever their size', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.integer({ min: 1, max: 20 }), (all, size) => {
      const seen: number[] = []
      let token: string | undefined
      do {
        const page = pageOf(all, token, size, 'InvalidNextToken')
        expect(page.items.length).toBeLessThanOrEqual(size)
        seen.push(...page.items)
        token = page.nextToken
      } while (token !== undefined)
      expect(seen).toEqual(all)
    }),
  )
})

test('every line is read exactly once, however it is paged and whenever it is written', async () => {
  const simulator = await startSimulator({ clock: 'manual', scenario: { seed: { logGroups: ['g'] } } })
  const { logs } = clientsOf(simulator.url)
  let streams = 0
  const script = fc.record({
    limit: fc.integer({ min: 1, max: 7 }),
    emptyPages: fc.boolean(),
    // How many lines arrive before each read.
    batches: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 6 }),
  })
  await fc.assert(
    fc.asyncProperty(script, async ({ limit, emptyPages, batches }) => {
      simulator.world.scenario.logs = { emptyPages }
      const logStreamName = `s${streams++}`
      const read: (string | undefined)[] = []
      let written = 0
      let nextToken: string | undefined
      const write = () => simulator.world.logs.write('g', logStreamName, `${written++}`, simulator.world.clock.now())
      write()
      const readOne = async () => {
        const answer = await logs.send(
          new GetLogEventsCommand({ logGroupName: 'g', logStreamName, limit, nextToken, startFromHead: true }),
        )
        read.push(...(answer.events ?? []).map((event) => event.message))
        const ended = answer.nextForwardToken === nextToken
        nextToken = answer.nextForwardToken
        return ended
      }
      for (const count of batches) {
        for (let index = 0; index < count; index++) write()
        simulator.world.clock.advance(2)
        await readOne()
      }
      for (let pages = 0; !(await readOne()); pages++) expect(pages).toBeLessThan(100)
      expect(read).toEqual(Array.from({ length: written }, (_, index) => `${index}`))
    }),
    { numRuns: 25 },
  )
  await simulator.close()
})

test('a blob is the same however it is cut', async () => {
  const simulator = await startSimulator({ scenario: { registry: { profile: 'oci' } } })
  const registry = registryClient(simulator.url)
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 6 }),
      fc.boolean(),
      async (chunks, lastWithPut) => {
        const bytes = Buffer.concat(chunks)
        const session = await registry.send('POST', '/v2/app/blobs/uploads/')
        let offset = 0
        const range = (chunk: Uint8Array) => ({ 'content-range': `${offset}-${offset + chunk.length - 1}` })
        const tail = lastWithPut ? chunks.at(-1) : undefined
        for (const chunk of tail ? chunks.slice(0, -1) : chunks) {
          const answer = await registry.send('PATCH', session.headers.location ?? '', {
            body: Buffer.from(chunk),
            headers: range(chunk),
          })
          expect(answer.status).toBe(202)
          offset += chunk.length
          expect(answer.headers.range).toBe(`0-${offset - 1}`)
        }
        const put = await registry.send('PUT', withDigest(session, sha256(bytes), simulator.url), {
          body: tail ? Buffer.from(tail) : '',
          headers: tail ? range(tail) : {},
        })
        expect(put.status).toBe(201)
        expect((await registry.send('GET', `/v2/app/blobs/${sha256(bytes)}`)).body.equals(bytes)).toBe(true)
      },
    ),
    { numRuns: 30 },
  )
  await simulator.close()
})

test('query parameters come out as they were meant', () => {
  const model = serviceModel('elasticloadbalancing')!
  const target = fc.record({ Id: fc.string({ minLength: 1 }), Port: fc.integer({ min: 1, max: 65_535 }) })
  fc.assert(
    fc.property(fc.string(), fc.array(target, { maxLength: 12 }), (arn, targets) => {
      const form = new URLSearchParams({ Action: 'RegisterTargets', Version: model.apiVersion, TargetGroupArn: arn })
      targets.forEach(({ Id, Port }, index) => {
        form.set(`Targets.member.${index + 1}.Id`, Id)
        form.set(`Targets.member.${index + 1}.Port`, String(Port))
      })
      const parsed = queryProtocol.parse({ path: '/', headers: {}, body: Buffer.from(form.toString()) }, model)
      const expected = targets.length ? { TargetGroupArn: arn, Targets: targets } : { TargetGroupArn: arn }
      expect(parsed).toEqual({ operation: 'RegisterTargets', body: expected })
    }),
  )
})

test('every shape that an operation names is in its model', () => {
  for (const name of ['ecs', 'ecr', 'ssm', 'logs', 'elasticloadbalancing', 'monitoring', 'sts', 'iam', 'rds']) {
    const model = serviceModel(name)!
    expect(model.signingName).toBe(name)
    for (const operation of Object.values(model.operations)) {
      for (const shape of [operation.input, operation.output, ...(operation.errors ?? [])])
        if (shape) shapeOf(model, shape)
    }
    for (const shape of Object.values(model.shapes)) {
      for (const next of [...Object.values(shape.members ?? {}), shape.member, shape.key, shape.value])
        if (next) shapeOf(model, next)
    }
  }
})
