import { createHash } from 'node:crypto'

const lengths: Record<string, number> = { sha256: 64, sha512: 128 }

export interface Digest {
  algorithm: 'sha256' | 'sha512'
  hex: string
}

/** Reads `sha256:…` or `sha512:…`; undefined for everything else. */
export function parseDigest(text: string | null | undefined): Digest | undefined {
  const match = /^(sha256|sha512):([0-9a-f]+)$/.exec(text ?? '')
  if (!match || match[2]!.length !== lengths[match[1]!]) return undefined
  return { algorithm: match[1] as Digest['algorithm'], hex: match[2]! }
}

export const digestOf = (bytes: Buffer, algorithm: Digest['algorithm'] = 'sha256'): string =>
  `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
