import { runPost } from '@deploy-actions/action-kit'

await runPost('begin-release', async (runtime) => {
  const ticket = runtime.state('ticket')
  if (!ticket) return runtime.log.debug('This step has begun no release.')
  const { endReleases } = await import('./end.ts')
  await endReleases([JSON.parse(ticket)], runtime)
})
