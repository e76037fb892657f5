import { Agent as HttpsAgent } from 'node:https'
import { type Clock, formatDuration, type Log } from '@deploy-actions/action-kit'
import type { MiddlewareStack, RetryStrategyV2, UserAgent } from '@smithy/types'
import { readableAwsError } from './errors.ts'
import { patientRetries } from './retry.ts'

export interface ClientOptions {
  region: string
  log: Log
  clock: Clock
  /**
   * From its abort on, calls in flight end and none begins. A client that must still speak after the cancel is
   * built without it.
   */
  signal?: AbortSignal
  throttlingMs?: number
  /** How long one attempt may take. Default 60 s. */
  requestTimeoutMs?: number
  env?: NodeJS.ProcessEnv
}

interface AwsClientConfig {
  region: string
  retryStrategy: RetryStrategyV2
  maxAttempts: number
  customUserAgent: UserAgent
  requestHandler: Record<string, unknown>
}

type ClientClass<C> = new (config: AwsClientConfig) => C

/** `send` as far as it matters here; the SDK's own has an overload per service. */
type Send = (command: unknown, options?: { abortSignal?: AbortSignal }) => Promise<unknown>

/**
 * Builds an SDK client with the suite's manners: patient retries, readable access errors, a user agent that names
 * the run, proxies of self-hosted runners. Credentials and endpoints come from the SDK's default chain
 * (AWS_ENDPOINT_URL included).
 */
export function awsClient<C extends { middlewareStack: unknown; send: unknown }>(
  Client: ClientClass<C>,
  options: ClientOptions,
): C {
  const client = new Client(clientConfig(options))
  const stack = client.middlewareStack as MiddlewareStack<object, object>
  stack.add(
    (next, context) => async (args) => {
      try {
        return await next(args)
      } catch (error) {
        throw readableAwsError(error, context.clientName ?? '', context.commandName ?? '')
      }
    },
    { step: 'initialize', priority: 'high', name: 'readableAwsErrors' },
  )
  if (options.signal) client.send = endingWith(options.signal, (client.send as Send).bind(client))
  return client
}

/** Once a step, however many clients it has. */
const toldOfThrottling = new WeakSet<Log>()

function endingWith(signal: AbortSignal, send: Send): Send {
  return (command, options = {}) => {
    const abortSignal = options.abortSignal ? AbortSignal.any([signal, options.abortSignal]) : signal
    return send(command, { ...options, abortSignal })
  }
}

function clientConfig(options: ClientOptions): AwsClientConfig {
  const { region, log, clock, signal, throttlingMs, requestTimeoutMs = 60_000, env = process.env } = options
  return {
    region,
    // The strategy counts for itself; the SDK only writes this number into a header.
    maxAttempts: 10,
    retryStrategy: patientRetries({
      clock,
      signal,
      throttlingMs,
      onThrottled(error) {
        if (toldOfThrottling.has(log)) return
        toldOfThrottling.add(log)
        log.info(
          `AWS is throttling (${error?.message ?? 'Rate exceeded'}): repeating for up to ${formatDuration(throttlingMs ?? 300_000)}.`,
        )
      },
    }),
    customUserAgent: [
      ['deploy-actions'],
      ...(env.GITHUB_RUN_ID ? [['github-run', env.GITHUB_RUN_ID] as [string, string]] : []),
    ],
    requestHandler: {
      connectionTimeout: Math.min(5_000, requestTimeoutMs),
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      ...(env.HTTPS_PROXY || env.https_proxy
        ? { httpsAgent: new HttpsAgent({ keepAlive: true, maxSockets: 50, proxyEnv: env } as object) }
        : {}),
    },
  }
}
