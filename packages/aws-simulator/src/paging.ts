import { AwsFailure } from './world.ts'

export interface Page<T> {
  items: T[]
  nextToken?: string
}

/** Opaque tokens that carry an offset; a token that was not made here throws the error of the given name. */
export function readToken(
  token: string | undefined,
  errorName: string,
  message = 'The specified token is not valid.',
): number {
  if (token === undefined) return 0
  const match = /^page-(\d+)$/.exec(Buffer.from(token, 'base64').toString('utf8'))
  if (!match) throw new AwsFailure(errorName, message)
  return Number(match[1])
}

export const tokenAt = (offset: number): string => Buffer.from(`page-${offset}`).toString('base64')

/** One page of a listing; `nextToken` only where something follows. */
export function pageOf<T>(all: T[], token: string | undefined, size: number, errorName: string): Page<T> {
  const start = readToken(token, errorName)
  const end = start + size
  return { items: all.slice(start, end), nextToken: end < all.length ? tokenAt(end) : undefined }
}
