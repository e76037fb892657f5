import { createHmac, randomBytes } from 'node:crypto'
import type { EcrRegistries } from './registries.ts'

const key = randomBytes(32)

interface TokenContent {
  accountId: string
  region: string
  expiresAt: number
  generation: number
  id: string
}

const sign = (payload: string) => createHmac('sha256', key).update(payload).digest('base64url')

/** An authorization token: base64 of `AWS:<password>`, which is the value of a Basic header as it stands. */
export function issueToken(registries: EcrRegistries, place: { accountId: string; region: string }, now: Date) {
  const lifetime = registries.options.tokenLifetime ?? 43_200
  const expiresAt = new Date(now.getTime() + lifetime * 1000)
  const content: TokenContent = {
    ...place,
    expiresAt: expiresAt.getTime(),
    generation: registries.tokenGeneration,
    id: randomBytes(12).toString('base64url'),
  }
  const payload = Buffer.from(JSON.stringify(content)).toString('base64url')
  return { authorizationToken: Buffer.from(`AWS:${payload}.${sign(payload)}`).toString('base64'), expiresAt }
}

export type TokenCheck = 'valid' | 'expired' | 'invalid'

/** Judges the Authorization header of a registry request. */
export function tokenChecker(
  registries: EcrRegistries,
  now: () => Date,
): (authorization: string | undefined) => TokenCheck {
  const used = new Map<string, number>()
  return (authorization) => {
    const basic = /^Basic (.+)$/i.exec(authorization ?? '')
    const [user, password = ''] = Buffer.from(basic?.[1] ?? '', 'base64')
      .toString('utf8')
      .split(':')
    const [payload = '', signature] = password.split('.')
    if (user !== 'AWS' || signature !== sign(payload)) return 'invalid'
    const content = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as TokenContent
    const uses = (used.get(content.id) ?? 0) + 1
    used.set(content.id, uses)
    const spent = registries.options.tokenUses !== undefined && uses > registries.options.tokenUses
    const old = content.generation < registries.tokenGeneration || content.expiresAt <= now().getTime()
    return spent || old ? 'expired' : 'valid'
  }
}
