/** The secrets of a job, and the hiding of them in whatever is shown. */
export interface Masks {
  /**
   * Registers a value, each of its lines, and their usual encodings, as the runner does. Blank values are ignored.
   */
  add(secret: string): void
  hide(text: string): string
  /** Whether hiding would change the text: such an output does not leave the job. */
  wouldChange(text: string): boolean
  /** The values as they were registered. */
  values(): string[]
}

export function createMasks(initial: Iterable<string> = []): Masks {
  const registered = new Set<string>()
  const hidden = new Set<string>()
  const masks: Masks = {
    add(secret) {
      if (secret.trim() === '') return
      registered.add(secret)
      for (const part of [secret, ...secret.split(/\r\n|\n|\r/)])
        for (const form of [part, ...encodings(part)]) if (form.trim() !== '') hidden.add(form)
    },
    hide(text) {
      let shown = ''
      let from = 0
      for (const { start, end } of secretRanges(text, hidden)) {
        shown += `${text.slice(from, start)}***`
        from = end
      }
      return shown + text.slice(from)
    },
    wouldChange: (text) => masks.hide(text) !== text,
    values: () => [...registered],
  }
  for (const secret of initial) masks.add(secret)
  return masks
}

/** Where secrets stand in `text`; those that touch or overlap are one. */
function secretRanges(text: string, secrets: Set<string>): { start: number; end: number }[] {
  const found: { start: number; end: number }[] = []
  for (const secret of secrets)
    for (let start = text.indexOf(secret); start >= 0; start = text.indexOf(secret, start + 1))
      found.push({ start, end: start + secret.length })
  found.sort((a, b) => a.start - b.start)
  const merged: { start: number; end: number }[] = []
  for (const range of found) {
    const last = merged.at(-1)
    if (last && range.start <= last.end) last.end = Math.max(last.end, range.end)
    else merged.push(range)
  }
  return merged
}

/**
 * The forms in which a secret often shows up: base64 at its three alignments, JSON, URI, XML, without its quotes.
 */
function encodings(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8')
  const base64 = [0, 1, 2]
    .filter((shift) => bytes.length > shift)
    .map((shift) => bytes.subarray(shift).toString('base64'))
  const xml = secret
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;')
  const unquoted = /^"(.+)"$/s.exec(secret)?.[1] ?? ''
  return [
    ...base64,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret.toWellFormed()),
    xml,
    // A quotation mark inside an expression is written twice.
    secret.replaceAll("'", "''"),
    unquoted,
  ]
}
