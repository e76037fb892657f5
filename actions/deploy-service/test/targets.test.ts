import type { Simulator } from '@deploy-actions/aws-simulator'
import { counts, deploy, host, image, stage } from './stage.ts'

let simulator: Simulator
afterEach(() => simulator.close())

test('a service given by name and by ARN is one service, updated once', async () => {
  simulator = await stage({ container: { image: image('a') } })
  const run = await deploy(simulator, {
    service: 'web\narn:aws:ecs:eu-central-1:123456789012:service/prod/web',
    'force-new-deployment': 'true',
  })
  expect(run).toMatchObject({ exitCode: 0, outputs: { verdict: 'completed', 'task-definition': 'web:1' } })
  expect(counts(simulator)['ecs:UpdateService']).toBe(1)
})

test('an image is looked up in the region that its reference names', async () => {
  const elsewhere = host.replace('eu-central-1', 'us-east-1')
  simulator = await stage({
    scenario: {
      seed: {
        repositories: [{ name: 'shop' }, { name: 'shop', region: 'us-east-1' }],
        images: [{ repository: 'shop', tags: ['next'], content: 'one' }],
      },
    },
  })
  const run = await deploy(simulator, { image: `${elsewhere}/shop:next` })
  // The tag is in eu-central-1 only.
  expect(run.annotations[0]?.message).toMatch(/us-east-1\.amazonaws\.com\/shop:next does not exist/)
  const regions = simulator.calls.filter(({ service }) => service === 'ecr').map(({ region }) => region)
  expect(regions.length).toBeGreaterThan(0)
  expect(new Set(regions)).toEqual(new Set(['us-east-1']))
})
