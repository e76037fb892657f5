import { invalidParameter } from './errors.ts'

/**
 * One page of a list. Tokens are opaque to the caller; here they are the offset, encoded.
 * Throws InvalidParameterException for a token that this service did not give.
 */
export function page<T>(all: T[], maxResults: number | undefined, defaultSize: number, nextToken: string | undefined) {
  const plain = nextToken === undefined ? 'offset:0' : Buffer.from(nextToken, 'base64url').toString()
  const offset = Number(/^offset:(\d+)$/.exec(plain)?.[1])
  if (Number.isNaN(offset)) throw invalidParameter('Invalid token')
  const size = maxResults ?? defaultSize
  if (size < 1 || size > 100) throw invalidParameter('maxResults must be between 1 and 100.')
  const end = offset + size
  return {
    items: all.slice(offset, end),
    nextToken: end < all.length ? Buffer.from(`offset:${end}`).toString('base64url') : undefined,
  }
}
