import { DescribeTasksCommand, ListTasksCommand } from '@aws-sdk/client-ecs'
import { groupArn, stage, watch } from './ecs-support.ts'

test('PRIMARY counts 0 in the answer and for the first polls, then one task alone, then the rest', async () => {
  const web = await stage({}, { desiredCount: 4 })
  const before = await web.service()
  const updated = await web.update({ taskDefinition: await web.revision('example.com/web:2') })
  expect(updated.deployments).toHaveLength(2)
  expect(updated.deployments?.[0]).toMatchObject({
    status: 'PRIMARY',
    rolloutState: 'IN_PROGRESS',
    desiredCount: 0,
    runningCount: 0,
    pendingCount: 0,
    failedTasks: 0,
  })
  expect(updated.deployments?.[0]?.id).toMatch(/^ecs-svc\/\d{18,19}$/)
  expect(updated.deployments?.[0]?.rolloutStateReason).toBe(
    `ECS deployment ${updated.deployments?.[0]?.id} in progress.`,
  )
  expect(updated.deployments?.[1]).toMatchObject({
    id: before.deployments?.[0]?.id,
    status: 'ACTIVE',
    rolloutState: 'COMPLETED',
    runningCount: 4,
  })
  expect(updated.taskDefinition).toMatch(/task-definition\/web:2$/)
  expect(await watch(web, 90)).toEqual([
    '1s B PRIMARY IN_PROGRESS 0+0/0 | A ACTIVE COMPLETED 4+0/4 | SUCCESSFUL',
    '3s B PRIMARY IN_PROGRESS 0+0/0 | A ACTIVE COMPLETED 4+0/4 | IN_PROGRESS',
    '4s B PRIMARY IN_PROGRESS 0+1/1 | A ACTIVE COMPLETED 4+0/4 | IN_PROGRESS',
    '22s B PRIMARY IN_PROGRESS 0+4/4 | A ACTIVE COMPLETED 4+0/4 | IN_PROGRESS',
    '24s B PRIMARY IN_PROGRESS 1+3/4 | A ACTIVE COMPLETED 4+0/4 | IN_PROGRESS',
    '42s B PRIMARY IN_PROGRESS 4+0/4 | A ACTIVE COMPLETED 4+0/4 | IN_PROGRESS',
    '65s B PRIMARY IN_PROGRESS 4+0/4 | A ACTIVE COMPLETED 3+0/3 | IN_PROGRESS',
    '83s B PRIMARY IN_PROGRESS 4+0/4 | A ACTIVE COMPLETED 0+0/0 | IN_PROGRESS',
    '84s B PRIMARY COMPLETED 4+0/4 | SUCCESSFUL',
  ])
  const id = updated.deployments?.[0]?.id
  expect(await web.events()).toEqual([
    'has started 1 tasks: (task T).',
    'has started 3 tasks: (task T) (task T) (task T).',
    'has stopped 1 running tasks: (task T).',
    'has stopped 3 running tasks: (task T) (task T) (task T).',
    `(deployment ${id}) deployment completed.`,
    'has reached a steady state.',
  ])
  const { events = [] } = await web.service()
  expect(events[0]!.createdAt!.getTime() - events[1]!.createdAt!.getTime()).toBe(1)
  expect(events[0]?.message).toBe('(service web) has reached a steady state.')
  expect((await web.service()).deployments?.[0]?.rolloutStateReason).toBe(`ECS deployment ${id} completed.`)
})

test('behind a load balancer: targets register, old ones drain for the deregistration delay before the end', async () => {
  const web = await stage(
    { seed: { targetGroups: [{ name: 'web', deregistrationDelay: 300 }] } },
    { loadBalancers: [{ targetGroupArn: groupArn('web'), containerName: 'app', containerPort: 8080 }] },
  )
  const group = groupArn('web')
  const updated = await web.update({ taskDefinition: await web.revision('example.com/web:2') })
  web.advance(60)
  const draining = await web.service()
  expect(
    draining.deployments?.map(({ status, desiredCount, runningCount }) => [status, desiredCount, runningCount]),
  ).toEqual([
    ['PRIMARY', 2, 2],
    ['ACTIVE', 0, 2],
  ])
  const { taskArns } = await web.ecs.send(new ListTasksCommand({ cluster: 'prod', desiredStatus: 'STOPPED' }))
  const { tasks = [] } = await web.ecs.send(new DescribeTasksCommand({ cluster: 'prod', tasks: taskArns }))
  expect(tasks.map(({ lastStatus }) => lastStatus)).toEqual(['DEACTIVATING', 'DEACTIVATING'])
  web.advance(280)
  expect((await web.service()).deployments?.[0]?.rolloutState).toBe('IN_PROGRESS')
  web.advance(30)
  expect((await web.service()).deployments).toHaveLength(1)
  expect(await web.events()).toEqual([
    'has started 1 tasks: (task T).',
    'has started 1 tasks: (task T).',
    `registered 1 targets in (target-group ${group})`,
    `deregistered 1 targets in (target-group ${group})`,
    'has begun draining connections on 1 tasks.',
    `registered 1 targets in (target-group ${group})`,
    `deregistered 1 targets in (target-group ${group})`,
    'has begun draining connections on 1 tasks.',
    'has stopped 1 running tasks: (task T).',
    'has stopped 1 running tasks: (task T).',
    `(deployment ${updated.deployments?.[0]?.id}) deployment completed.`,
    'has reached a steady state.',
  ])
})

test('the classic cadence, 100/125 with four tasks: one at a time', async () => {
  const web = await stage(
    {},
    { desiredCount: 4, deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 125 } },
  )
  await web.update({ taskDefinition: await web.revision('example.com/web:2') })
  let most = 0
  let fewest = 4
  for (let at = 0; at < 300; at += 5) {
    web.advance(5)
    const { runningCount = 0, pendingCount = 0 } = await web.service()
    most = Math.max(most, runningCount + pendingCount)
    fewest = Math.min(fewest, runningCount)
  }
  expect([fewest, most]).toEqual([4, 5])
  expect((await web.service()).deployments).toHaveLength(1)
  expect((await web.events()).filter((text) => text.startsWith('has started'))).toHaveLength(4)
})

test('percentages that allow no step: the text says so once, and it stays IN_PROGRESS', async () => {
  const web = await stage({}, { deploymentConfiguration: { minimumHealthyPercent: 75, maximumPercent: 100 } })
  await web.update({ taskDefinition: await web.revision('example.com/web:2') })
  web.advance(3600)
  await web.service()
  expect(await web.events()).toEqual([
    'was unable to stop or start tasks during a deployment because of the service deployment configuration. Update the minimumHealthyPercent or maximumPercent value and try again.',
  ])
  expect((await web.service()).deployments?.[0]).toMatchObject({ rolloutState: 'IN_PROGRESS', runningCount: 0 })
  await web.update({ deploymentConfiguration: { minimumHealthyPercent: 50, maximumPercent: 100 } })
  web.advance(300)
  expect((await web.service()).deployments).toHaveLength(1)
})

test('stop before start, 0/100 with one task: an outage, then completed', async () => {
  const web = await stage(
    {},
    { desiredCount: 1, deploymentConfiguration: { minimumHealthyPercent: 0, maximumPercent: 100 } },
  )
  await web.update({ taskDefinition: await web.revision('example.com/web:2') })
  web.advance(15)
  expect(await web.service()).toMatchObject({ runningCount: 0, pendingCount: 1 })
  web.advance(80)
  expect((await web.service()).deployments).toHaveLength(1)
})

test('a superseded deployment stays ACTIVE and IN_PROGRESS, vanishes, and was never FAILED', async () => {
  const web = await stage({ behaviours: [{ match: { image: '*:2' }, behaviour: { exitsAfter: 5, exitCode: 1 } }] })
  const second = await web.update({ taskDefinition: await web.revision('example.com/web:2') })
  web.advance(60)
  const third = await web.update({ taskDefinition: await web.revision('example.com/web:3') })
  expect(third.deployments?.map(({ status, rolloutState }) => [status, rolloutState])).toEqual([
    ['PRIMARY', 'IN_PROGRESS'],
    ['ACTIVE', 'IN_PROGRESS'],
    ['ACTIVE', 'COMPLETED'],
  ])
  expect(third.deployments?.[1]?.rolloutStateReason).toBe(`ECS deployment ${second.deployments?.[0]?.id} in progress.`)
  const lines = await watch(web, 120)
  expect(lines.some((line) => line.includes('FAILED'))).toBe(false)
  expect(lines.at(-1)).toMatch(/^\d+s \w PRIMARY COMPLETED 2\+0\/2 \| SUCCESSFUL$/)
  expect((await web.deployments()).map(({ status }) => status)).toEqual(['SUCCESSFUL', 'STOPPED', 'SUCCESSFUL'])
})

test('five deployments at once are the most', async () => {
  const web = await stage(
    { seed: { targetGroups: [{ name: 'web', deregistrationDelay: 300 }] } },
    { loadBalancers: [{ targetGroupArn: groupArn('web'), containerName: 'app', containerPort: 8080 }] },
  )
  for (let count = 0; count < 4; count++) {
    await web.update({ forceNewDeployment: true })
    web.advance(55)
  }
  expect((await web.service()).deployments).toHaveLength(5)
  await expect(web.update({ forceNewDeployment: true })).rejects.toMatchObject({
    name: 'InvalidParameterException',
    message: '5 active deployments exist, unable to create new deployment.',
  })
  web.advance(400)
  await web.update({ forceNewDeployment: true })
})

test('desired 0 completes and nothing runs', async () => {
  const web = await stage({}, { desiredCount: 0 })
  await web.update({ taskDefinition: await web.revision('example.com/web:2') })
  const [at] = (await watch(web, 20)).filter((line) => line.includes('PRIMARY COMPLETED 0+0/0 | SUCCESSFUL'))
  expect(at).toMatch(/^[4-9]s /)
})

test('the desired count alone starts no deployment; tasks follow it', async () => {
  const web = await stage()
  const before = await web.service()
  const updated = await web.update({ desiredCount: 5 })
  expect(updated.deployments?.map(({ id }) => id)).toEqual([before.deployments?.[0]?.id])
  web.advance(90)
  expect(await web.service()).toMatchObject({ desiredCount: 5, runningCount: 5 })
  await web.update({ desiredCount: 1 })
  web.advance(30)
  expect(await web.service()).toMatchObject({ desiredCount: 1, runningCount: 1 })
  expect(await web.deployments()).toHaveLength(1)
  expect(await web.events()).toEqual([
    'has started 3 tasks: (task T) (task T) (task T).',
    'has reached a steady state.',
    'has stopped 4 running tasks: (task T) (task T) (task T) (task T).',
    'has reached a steady state.',
  ])
})

test('a steady state is repeated every six hours, also from before a deployment', async () => {
  const web = await stage()
  const { events = [] } = await web.service()
  expect(events.length).toBeGreaterThan(30)
  expect(events[0]?.message).toBe('(service web) has reached a steady state.')
  expect(events.at(-1)?.message).toMatch(/deployment completed\.$/)
  web.advance(6 * 3600 + 1)
  expect(await web.events()).toEqual(['has reached a steady state.'])
})

test('an unhealthy task in steady state is replaced with the same revision', async () => {
  const web = await stage(
    {
      behaviours: [
        { match: { first: 1 }, behaviour: { unhealthy: { kind: 'container', after: 100 }, healthyAfter: 5 } },
      ],
    },
    { desiredCount: 2 },
    { healthCheck: { command: ['CMD', 'true'] } },
  )
  // The seeded tasks ask no timers; a fresh one gets ill.
  await web.update({ desiredCount: 3 })
  web.advance(200)
  expect(await web.events()).toContain('(task T) failed container health checks.')
  expect(await web.events()).toContain(
    'has started 1 tasks: (task T). Amazon ECS replaced 1 tasks due to an unhealthy status.',
  )
  expect((await web.events()).at(-1)).toBe('has reached a steady state.')
})
