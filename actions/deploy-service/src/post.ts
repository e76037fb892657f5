import { runPost } from '@deploy-actions/action-kit'

await runPost('deploy-service', async ({ state, log, clock }) => {
  const open = state('open-deployments')
  if (!open) return log.debug('No deployment was left under way.')
  const { finishOpen } = await import('./undo/finish-open.ts')
  await finishOpen(open, { log, clock })
})
