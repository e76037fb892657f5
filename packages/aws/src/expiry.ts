import { type Clock, formatDuration, type Log } from '@deploy-actions/action-kit'

type Credentials = { expiration?: Date }

/**
 * Warns when the credentials of a client end before the step's timeout. Missing credentials are not its business:
 * the first call says what is wrong with them.
 */
export async function warnOfExpiry(
  client: { config: { credentials: () => Promise<Credentials> } },
  { timeoutMs, clock, log }: { timeoutMs: number; clock: Clock; log: Log },
): Promise<void> {
  const { expiration } = await client.config.credentials().catch((): Credentials => ({}))
  if (!expiration) return
  const left = expiration.getTime() - clock.now().getTime()
  if (left < timeoutMs)
    log.warning(
      `The AWS credentials end in ${formatDuration(Math.max(0, left))}, before the timeout of ${formatDuration(timeoutMs)}: what takes longer goes on unwatched. Renew them right before this step, or ask for longer ones (role-duration-seconds of aws-actions/configure-aws-credentials).`,
    )
}
