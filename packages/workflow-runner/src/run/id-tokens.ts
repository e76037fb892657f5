import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Value } from '../language/values.ts'
import type { Source } from '../model/source.ts'

/** Who asks for a token. */
export interface IdTokenSubject {
  environment: string | undefined
  /** Where the workflow that defines the job comes from. */
  source: Source
  file: string
}

/**
 * GitHub's OIDC provider, as far as a job can see it: a URL and a bearer that exchange for a JWT with the job's
 * claims.
 */
export interface IdTokens {
  forJob(subject: IdTokenSubject): Promise<{ url: string; bearer: string }>
  close(): Promise<void>
}

/** A token that looks like those GitHub gives to jobs; nothing accepts it. */
export function randomToken(): string {
  return `ghs_${randomUUID().replaceAll('-', '')}`
}

/** Starts on the first job that may ask for a token; `github` is the run's context. */
export function createIdTokens(github: Record<string, Value>): IdTokens {
  const subjects = new Map<string, IdTokenSubject>()
  let server: Server | undefined
  let key: KeyObject | undefined

  const start = async (): Promise<string> => {
    server ??= createServer((request, response) => {
      const bearer = request.headers.authorization?.replace(/^bearer /i, '') ?? ''
      const subject = subjects.get(bearer)
      if (!subject) return void response.writeHead(401).end()
      key ??= generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
      const audience = new URL(request.url ?? '/', 'http://localhost').searchParams.get('audience')
      const value = jwt(
        claims(github, subject, audience ?? `https://github.com/${String(github.repository_owner)}`),
        key,
      )
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ value }))
    })
    if (!server.listening) {
      const listening = server
      await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
    }
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/token?api-version=2.0`
  }

  return {
    async forJob(subject) {
      const url = await start()
      const bearer = randomUUID()
      subjects.set(bearer, subject)
      return { url, bearer }
    },
    async close() {
      const running = server
      if (!running?.listening) return
      running.closeAllConnections()
      await new Promise((resolve) => running.close(resolve))
    },
  }
}

/**
 * The claims of a job's token (GitHub's "OpenID Connect reference"): with an environment, `sub` names it and no
 * ref.
 */
export function claims(
  github: Record<string, Value>,
  subject: IdTokenSubject,
  audience: string,
): Record<string, Value> {
  const repository = String(github.repository)
  const { source, file, environment } = subject
  const now = Math.floor(Date.now() / 1000)
  return {
    jti: randomUUID(),
    sub: `repo:${repository}:${environment ? `environment:${environment}` : `ref:${String(github.ref)}`}`,
    aud: audience,
    ...(environment && { environment }),
    ref: github.ref ?? '',
    ref_type: github.ref_type ?? '',
    sha: github.sha ?? '',
    repository,
    repository_id: github.repository_id ?? '',
    repository_owner: github.repository_owner ?? '',
    repository_owner_id: github.repository_owner_id ?? '',
    actor: github.actor ?? '',
    actor_id: github.actor_id ?? '',
    workflow: github.workflow ?? '',
    workflow_ref: github.workflow_ref ?? '',
    workflow_sha: github.workflow_sha ?? '',
    job_workflow_ref: `${source.repository}/${file}@${source.ref}`,
    job_workflow_sha: source.sha,
    event_name: github.event_name ?? '',
    run_id: github.run_id ?? '',
    run_number: github.run_number ?? '',
    run_attempt: github.run_attempt ?? '',
    runner_environment: 'self-hosted',
    iss: 'https://token.actions.githubusercontent.com',
    nbf: now - 600,
    iat: now,
    exp: now + 300,
  }
}

function jwt(payload: Record<string, Value>, key: KeyObject): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const kid = createHash('sha1')
    .update(key.export({ type: 'pkcs1', format: 'der' }))
    .digest('hex')
  const unsigned = `${part({ typ: 'JWT', alg: 'RS256', kid })}.${part(payload)}`
  return `${unsigned}.${sign('RSA-SHA256', Buffer.from(unsigned), key).toString('base64url')}`
}
