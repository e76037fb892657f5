import type { Simulator } from '@deploy-actions/aws-simulator'
import { counts, deploy, image, stage } from './stage.ts'

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
