/**
 * A file name as text that keeps every byte. Names are bytes to Linux, and two that are no UTF-8 (`caf\xe9` and
 * `caf\xe8` in latin-1) decode to one and the same text. Here a byte that is no UTF-8 becomes a lone surrogate
 * (U+DC80 to U+DCFF, as in Python's `surrogateescape`), one of its own.
 */
export function nameText(name: Buffer): string {
  const text = name.toString('utf8')
  return text.includes('\uFFFD') ? escapedText(name) : text
}

/** What the file system calls it: the way back from `nameText`. */
export function nameOnDisk(text: string): string | Buffer {
  if (!loneByte.test(text)) return text
  return Buffer.concat(
    [...text].map((character) =>
      loneByte.test(character) ? Buffer.from([character.charCodeAt(0) & 0xff]) : Buffer.from(character),
    ),
  )
}

/** The character as the builder's regular expressions see it: every byte that is no UTF-8 is U+FFFD to them. */
export function decodedCode(code: number): number {
  return code >= 0xdc80 && code <= 0xdcff ? 0xfffd : code
}

const loneByte = /[\udc80-\udcff]/u

function escapedText(name: Buffer): string {
  let text = ''
  for (let at = 0; at < name.length; ) {
    const length = sequenceLength(name[at]!)
    const bytes = name.subarray(at, at + length)
    const character = bytes.toString('utf8')
    const valid = length > 0 && Buffer.from(character).equals(bytes)
    text += valid ? character : String.fromCharCode(0xdc00 + name[at]!)
    at += valid ? length : 1
  }
  return text
}

function sequenceLength(lead: number): number {
  if (lead < 0x80) return 1
  if (lead < 0xc2) return 0
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0
}
