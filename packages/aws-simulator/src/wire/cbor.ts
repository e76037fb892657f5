/**
 * RFC 8949, as far as Smithy's RPC v2 uses it: no indefinite lengths out, all of them in; timestamps are tag 1 with
 * epoch seconds.
 */

function head(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value])
  if (value < 0x100) return Buffer.from([(major << 5) | 24, value])
  const bytes = Buffer.alloc(value < 0x10000 ? 3 : value < 0x1_0000_0000 ? 5 : 9)
  if (bytes.length === 3) bytes.writeUInt16BE(value, 1)
  else if (bytes.length === 5) bytes.writeUInt32BE(value, 1)
  else bytes.writeBigUInt64BE(BigInt(value), 1)
  bytes[0] = (major << 5) | (bytes.length === 3 ? 25 : bytes.length === 5 ? 26 : 27)
  return bytes
}

function float(value: number): Buffer {
  const bytes = Buffer.alloc(9)
  bytes[0] = 0xfb
  bytes.writeDoubleBE(value, 1)
  return bytes
}

export function encodeCbor(value: unknown): Buffer {
  if (value === null || value === undefined) return Buffer.from([0xf6])
  if (typeof value === 'boolean') return Buffer.from([value ? 0xf5 : 0xf4])
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) return float(value)
    return value >= 0 ? head(0, value) : head(1, -1 - value)
  }
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)])
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value])
  if (value instanceof Date) return Buffer.concat([head(6, 1), float(value.getTime() / 1000)])
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(encodeCbor)])
  const entries = Object.entries(value).filter(([, member]) => member !== undefined)
  return Buffer.concat([
    head(5, entries.length),
    ...entries.flatMap(([name, member]) => [encodeCbor(name), encodeCbor(member)]),
  ])
}

const stop = Symbol('break')

/** Decodes one item; throws RangeError or SyntaxError for bytes that are none. */
export function decodeCbor(bytes: Buffer): unknown {
  let at = 0

  function argument(info: number): number {
    if (info < 24) return info
    const length = { 24: 1, 25: 2, 26: 4, 27: 8 }[info]
    if (!length) throw new SyntaxError(`CBOR: additional information ${info}`)
    const start = at
    at += length
    return length === 8 ? Number(bytes.readBigUInt64BE(start)) : bytes.readUIntBE(start, length)
  }

  function* items(info: number): Generator<unknown> {
    if (info === 31) for (let item = read(); item !== stop; item = read()) yield item
    else for (let left = argument(info); left > 0; left--) yield read()
  }

  function chunks(info: number): Buffer {
    if (info === 31) return Buffer.concat([...items(31)].map((chunk) => Buffer.from(chunk as string)))
    const length = argument(info)
    if (at + length > bytes.length) throw new RangeError('CBOR: the text ends early')
    at += length
    return bytes.subarray(at - length, at)
  }

  function map(info: number): Record<string, unknown> {
    const result: Record<string, unknown> = {}
    if (info === 31) for (let key = read(); key !== stop; key = read()) result[String(key)] = read()
    else for (let left = argument(info); left > 0; left--) result[String(read())] = read()
    return result
  }

  function half(start: number): number {
    const value = bytes.readUInt16BE(start)
    const exponent = (value >> 10) & 0x1f
    const fraction = value & 0x3ff
    const size =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 31
          ? fraction
            ? Number.NaN
            : Infinity
          : (1024 + fraction) * 2 ** (exponent - 25)
    return value & 0x8000 ? -size : size
  }

  function simple(info: number): unknown {
    const constants: Record<number, unknown> = { 20: false, 21: true, 22: null, 23: undefined, 31: stop }
    if (info in constants) return constants[info]
    const start = at
    at += { 25: 2, 26: 4, 27: 8 }[info] ?? 0
    if (info === 25) return half(start)
    if (info === 26) return bytes.readFloatBE(start)
    if (info === 27) return bytes.readDoubleBE(start)
    throw new SyntaxError(`CBOR: simple value ${info}`)
  }

  function read(): unknown {
    const initial = bytes.readUInt8(at++)
    const info = initial & 31
    switch (initial >> 5) {
      case 0:
        return argument(info)
      case 1:
        return -1 - argument(info)
      case 2:
        return Buffer.from(chunks(info))
      case 3:
        return chunks(info).toString('utf8')
      case 4:
        return [...items(info)]
      case 5:
        return map(info)
      case 6: {
        const tag = argument(info)
        const value = read()
        return tag === 1 ? new Date(Math.round((value as number) * 1000)) : value
      }
      default:
        return simple(info)
    }
  }

  return read()
}
