import type { Clock, Log } from '@deploy-actions/action-kit'
import type { RegistryAccess } from './access.ts'
import { type Purpose, type RegistryError, refusal } from './errors.ts'
import { type HttpRequest, type HttpResponse, httpClient } from './http.ts'
import { type RetryPolicy, withRetries } from './retry.ts'

export interface RegistryOptions {
  clock: Clock
  log: Log
  signal?: AbortSignal | undefined
  env?: NodeJS.ProcessEnv
  random?: () => number
  /** How long one request may go on failing before that is an error. Default 5 minutes. */
  patienceMs?: number
  /** How long a connection may stand still. Default one minute. */
  silenceMs?: number
}

/** One registry to speak to: authorised requests, repeated where that may help. */
export interface Registry {
  access: RegistryAccess
  options: RegistryOptions
  /**
   * Sends one request. An answer whose status is not in `accept` is thrown as a RegistryError; others must be read
   * or discarded.
   */
  send(purpose: Purpose, accept: number[], request: HttpRequest): Promise<HttpResponse>
  /**
   * Runs `attempt` with retries; it must start afresh each time. An expired token is renewed. `signal` ends this
   * call alone.
   */
  call<T>({ what }: Purpose, attempt: (retries: number) => Promise<T>, signal?: AbortSignal): Promise<T>
  close(): void
}

/** The registry refused the token, not the request. */
class StaleToken extends Error {
  readonly refusal: RegistryError
  readonly token: string | undefined

  constructor(refusal: RegistryError, token: string | undefined) {
    super(refusal.message)
    this.refusal = refusal
    this.token = token
  }
}

export function openRegistry(access: RegistryAccess, options: RegistryOptions): Registry {
  const { clock, log, signal, silenceMs } = options
  const http = httpClient(options.env)
  const policy: RetryPolicy = { ...options, clock, log, signal }
  // A token that worked before has expired; one that never worked is wrong, and asking again would not help.
  const worked = new Set<string | undefined>()
  const either = (own: AbortSignal | undefined) => (own && signal ? AbortSignal.any([own, signal]) : (own ?? signal))

  return {
    access,
    options,
    close: () => http.close(),
    async send({ what, action }, accept, request) {
      const own = request.url.origin === access.origin.origin
      const token = own ? await access.authorization() : undefined
      const headers = { ...request.headers, ...(token && { authorization: token }) }
      const response = await http.send({ silenceMs, ...request, headers, signal: either(request.signal) })
      if (accept.includes(response.status)) {
        if (own) worked.add(token)
        return response
      }
      const error = await refusal(response, { what, action }, clock.now())
      throw own && isStale(error) ? new StaleToken(error, token) : error
    },
    call({ what }, attempt, own) {
      let renewed = false
      return withRetries(what, { ...policy, signal: either(own) }, async (retries) => {
        for (let tries = retries; ; tries++) {
          try {
            return await attempt(tries)
          } catch (error) {
            if (!(error instanceof StaleToken)) throw error
            if (renewed && !worked.has(error.token)) throw error.refusal
            renewed = true
            await access.renew(error.token)
          }
        }
      })
    },
  }
}

/** Reads an answer to its end, so that its connection can be used again. */
export async function discard(response: HttpResponse): Promise<void> {
  for await (const _ of response.stream);
}

/** ECR answers an expired token with 403 and a sentence, or with nothing at all to a HEAD. */
function isStale({ status, said }: RegistryError): boolean {
  return status === 401 || (status === 403 && (said === '' || said.includes('expired')))
}
