import { RegistryError } from './errors.ts'

/**
 * The part of a blob that a `Range` header asks for; undefined for the whole of it. Throws 416 for what cannot be
 * satisfied.
 */
export function requestedRange(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '')
  if (!match || (match[1] === '' && match[2] === '')) return undefined
  const start = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1])
  const end = match[1] === '' || match[2] === '' ? size - 1 : Math.min(Number(match[2]), size - 1)
  if (start > end) {
    throw new RegistryError(416, 'SIZE_INVALID', `the range ${header} is not within ${size} bytes`, {
      headers: { 'content-range': `bytes */${size}` },
    })
  }
  return { start, end }
}

/** `Content-Range: 0-99` of an upload's chunk. Throws 416 for what is no range. */
export function chunkRange(header: string | undefined): { start: number; end: number } | undefined {
  if (header === undefined) return undefined
  const match = /^(?:bytes )?(\d+)-(\d+)(?:\/.*)?$/.exec(header)
  if (!match || Number(match[2]) < Number(match[1])) {
    throw new RegistryError(416, 'BLOB_UPLOAD_INVALID', `Content-Range ${header} is no range`)
  }
  return { start: Number(match[1]), end: Number(match[2]) }
}
