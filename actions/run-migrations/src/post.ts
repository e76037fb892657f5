import { runPost } from '@deploy-actions/action-kit'

await runPost('run-migrations', async ({ state, log, clock }) => {
  const task = state('task')
  if (!task) return log.debug('No migration task was left running.')
  const { stopAbandoned } = await import('./abandoned.ts')
  await stopAbandoned(JSON.parse(task), { log, clock })
})
