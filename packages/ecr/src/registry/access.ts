import { type ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr'
import { registryHost } from '../reference.ts'

/** How to speak to one registry: where it is, and what to put into the Authorization header. */
export interface RegistryAccess {
  /** Scheme, host and port. */
  origin: URL
  host: string
  /** Header value; undefined for a registry that needs none. Asked for once and kept in memory. */
  authorization(): Promise<string | undefined>
  /**
   * A new value after the registry refused `stale`. Parallel requests that met the same refusal share one renewal.
   */
  renew(stale: string | undefined): Promise<string | undefined>
}

export interface RegistryAccessOptions {
  /** Another account's registry. */
  registryId?: string | undefined
  /** The registry's region. */
  region: string
  /** Told every secret before it is used, so that it never shows in a log. */
  mask?: (secret: string) => void
}

/**
 * Access to ECR's registry by GetAuthorizationToken: HTTP Basic, valid for twelve hours. The answer names the
 * registry's address; should it name the caller's own registry where another account's was asked for, the host is
 * corrected. An address without an account in it (a stand-in for ECR) is used as it is.
 */
export async function registryAccess(
  ecr: ECRClient,
  { registryId, region, mask = () => {} }: RegistryAccessOptions,
): Promise<RegistryAccess> {
  const ask = async () => {
    const { authorizationData } = await ecr.send(
      new GetAuthorizationTokenCommand(registryId ? { registryIds: [registryId] } : {}),
    )
    const { authorizationToken, proxyEndpoint } = authorizationData?.[0] ?? {}
    if (!authorizationToken) throw new Error('GetAuthorizationToken answered without a token.')
    mask(authorizationToken)
    const password = Buffer.from(authorizationToken, 'base64').toString('utf8').replace(/^AWS:/, '')
    if (password) mask(password)
    return { authorization: `Basic ${authorizationToken}`, proxyEndpoint }
  }

  const first = await ask()
  const origin = originOf(first.proxyEndpoint, registryId, region)
  return { origin, host: origin.host, ...renewable(first.authorization, async () => (await ask()).authorization) }
}

/** Access to a registry that is not ECR: anonymous, or with a fixed header value. */
export function plainAccess(origin: string, authorization?: string): RegistryAccess {
  const url = new URL(origin)
  return { origin: url, host: url.host, ...renewable(authorization, async () => authorization) }
}

function renewable(first: string | undefined, ask: () => Promise<string | undefined>) {
  let current = first
  let renewal: Promise<string | undefined> | undefined
  return {
    authorization: async () => current,
    async renew(stale: string | undefined) {
      if (current !== stale) return current
      renewal ??= ask().finally(() => {
        renewal = undefined
      })
      current = await renewal
      return current
    },
  }
}

function originOf(proxyEndpoint: string | undefined, registryId: string | undefined, region: string): URL {
  if (!proxyEndpoint) {
    if (registryId) return new URL(`https://${registryHost(registryId, region)}`)
    throw new Error('GetAuthorizationToken answered without the address of the registry.')
  }
  const endpoint = new URL(proxyEndpoint)
  if (registryId) endpoint.hostname = endpoint.hostname.replace(/^\d{12}(?=\.dkr)/, registryId)
  return new URL(endpoint.origin)
}
