import { type FileHandle, open } from 'node:fs/promises'
import path from 'node:path'
import { UserError } from '@deploy-actions/action-kit'
import { capitalised } from '../text.ts'

/** Where a file's bytes lie in the archive. */
export interface TarEntry {
  offset: number
  size: number
}

type Found = TarEntry | { link: string }

const block = 512
/** Real archives of images have hundreds of entries; the bound keeps a damaged one from running on. */
const mostEntries = 100_000
const longestExtension = 1024 * 1024

/**
 * Lists a tar's regular files with their offsets by reading headers only, because `docker save` writes blobs before
 * the index that says which of them matter. Understands ustar, GNU and pax names and sizes, and follows symbolic
 * and hard links inside the archive (POSIX pax; GNU tar's manual). Throws a UserError, in which `name` stands for
 * the file, when it is no tar, damaged, or ends too early.
 */
export async function tarEntries(file: string, name: string): Promise<Map<string, TarEntry>> {
  const handle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    return resolveLinks(await scan(handle, size, name))
  } finally {
    await handle.close()
  }
}

async function scan(handle: FileHandle, fileSize: number, file: string): Promise<Map<string, Found>> {
  const found = new Map<string, Found>()
  let next: Extension = {}
  let offset = 0
  for (let count = 0; count < mostEntries; count++) {
    const header = await read(handle, offset, block)
    if (header.length === 0 || header.every((byte) => byte === 0)) return found
    if (header.length < block) throw truncated(file, fileSize)
    checkHeader(header, offset, file)

    const type = String.fromCharCode(header[156]!)
    const size = next.size ?? number(header, 124, 12)
    const data = offset + block
    // A size below zero would lead back to where we were.
    if (!Number.isSafeInteger(size) || size < 0) throw damaged(file, `an entry of ${size} bytes at byte ${offset}`)
    if (data + size > fileSize) throw truncated(file, fileSize)
    offset = data + Math.ceil(size / block) * block

    if ('xLKg'.includes(type)) {
      if (size > longestExtension) throw damaged(file, `an extended header of ${size} bytes`)
      // A global pax header sets defaults for names only in theory; writers of images use it for comments.
      if (type !== 'g') next = { ...next, ...extension(type, await read(handle, data, size)) }
      continue
    }
    const name = clean(next.name ?? headerName(header))
    const link = next.link ?? text(header, 157, 100)
    if (type === '0' || type === '\0' || type === '7') found.set(name, { offset: data, size })
    else if (type === '1') found.set(name, { link: clean(link) })
    else if (type === '2') found.set(name, { link: clean(path.posix.join(path.posix.dirname(name), link)) })
    next = {}
  }
  throw damaged(file, `more than ${mostEntries} entries`)
}

function resolveLinks(found: Map<string, Found>): Map<string, TarEntry> {
  const entries = new Map<string, TarEntry>()
  for (const [name, start] of found) {
    let target: Found | undefined = start
    for (let hop = 0; target && 'link' in target && hop < 16; hop++) target = found.get(target.link)
    if (target && !('link' in target)) entries.set(name, target)
  }
  return entries
}

interface Extension {
  name?: string
  link?: string
  size?: number
}

function extension(type: string, bytes: Buffer): Extension {
  if (type === 'L') return { name: text(bytes, 0, bytes.length) }
  if (type === 'K') return { link: text(bytes, 0, bytes.length) }
  const records = paxRecords(bytes)
  return {
    ...(records.path !== undefined && { name: records.path }),
    ...(records.linkpath !== undefined && { link: records.linkpath }),
    ...(records.size !== undefined && { size: /^\d+$/.test(records.size) ? Number(records.size) : Number.NaN }),
  }
}

/** `LENGTH NAME=VALUE\n`, with the length counting the whole record. */
function paxRecords(bytes: Buffer): Record<string, string> {
  const records: Record<string, string> = Object.create(null)
  for (let at = 0; at < bytes.length; ) {
    const blank = bytes.indexOf(0x20, at)
    const length = Number(bytes.subarray(at, blank).toString('latin1'))
    if (blank < 0 || !Number.isInteger(length) || length <= 0) break
    const record = bytes.subarray(blank + 1, at + length - 1).toString('utf8')
    const equals = record.indexOf('=')
    if (equals > 0) records[record.slice(0, equals)] = record.slice(equals + 1)
    at += length
  }
  return records
}

function headerName(header: Buffer): string {
  const name = text(header, 0, 100)
  // Only POSIX ustar has a prefix there; GNU keeps times in these bytes.
  const isUstar = header.subarray(257, 263).equals(Buffer.from('ustar\0'))
  const prefix = isUstar ? text(header, 345, 155) : ''
  return prefix ? `${prefix}/${name}` : name
}

function checkHeader(header: Buffer, offset: number, file: string): void {
  let sum = 0
  for (let at = 0; at < block; at++) sum += at >= 148 && at < 156 ? 0x20 : header[at]!
  if (sum === number(header, 148, 8)) return
  if (offset === 0)
    throw new UserError(
      `${capitalised(file)} is neither a tar archive nor a directory. Input "image" takes an OCI layout directory, an OCI or docker archive (.tar, also .tar.gz or .tar.zst), or docker://name:tag.`,
    )
  throw damaged(file, `a bad header at byte ${offset}`)
}

/** Octal text, or GNU's base-256 for what does not fit. */
function number(header: Buffer, at: number, length: number): number {
  const first = header[at]!
  if (first & 0x80) {
    let value = first & 0x7f
    for (let index = at + 1; index < at + length; index++) value = value * 256 + header[index]!
    return value
  }
  const digits = text(header, at, length).trim()
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : 0
}

function text(bytes: Buffer, at: number, length: number): string {
  const field = bytes.subarray(at, at + length)
  const end = field.indexOf(0)
  return field.subarray(0, end === -1 ? field.length : end).toString('utf8')
}

function clean(name: string): string {
  return path.posix
    .normalize(name)
    .replace(/^(\.?\/)+/, '')
    .replace(/\/$/, '')
}

async function read(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, offset)
  return buffer.subarray(0, bytesRead)
}

function truncated(file: string, size: number): UserError {
  return new UserError(
    `${capitalised(file)} is truncated: it ends after ${size} bytes in the middle of an entry. Export the image again.`,
  )
}

function damaged(file: string, what: string): UserError {
  return new UserError(`${capitalised(file)} is damaged: ${what}. Export the image again.`)
}
