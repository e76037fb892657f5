import { invalidParameter } from './errors.ts'

/**
 * One page of a list. Tokens are opaque to the caller; here they are the offset, encoded.
 * Throws InvalidParameterException for a token that this service did not give.
 */
export function page<T>(all: T[], maxResults: number | undefined, defaultSize: number, nextToken: string | undefined) {
  const offset =
    nextToken === undefined ? 0 : Number(Buffer.from(nextToken, 'base64url').toString().slice('offset:'.length))
  if (!Number.isInteger(offset) || offset < 0) throw invalidParameter('Invalid token')
  const size = maxResults ?? defaultSize
  if (size < 1 || size > 100) throw invalidParameter('maxResults must be between 1 and 100.')
  const end = offset + size
  return {
    items: all.slice(offset, end),
    nextToken: end < all.length ? Buffer.from(`offset:${end}`).toString('base64url') : undefined,
  }
}
