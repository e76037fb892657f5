/** The secrets of a job, and the hiding of them in whatever is shown. */
export interface Masks {
  /** Registers a value, and each of its lines, as the runner does. Blank values are ignored. */
  add(secret: string): void
  hide(text: string): string
  /** Whether hiding would change the text: such an output does not leave the job. */
  wouldChange(text: string): boolean
  values(): string[]
}

export function createMasks(initial: Iterable<string> = []): Masks {
  const secrets = new Set<string>()
  let longestFirst: string[] = []
  const masks: Masks = {
    add(secret) {
      for (const part of [secret, ...secret.split(/\r?\n|\r/)]) if (part.trim() !== '') secrets.add(part)
      longestFirst = [...secrets].sort((a, b) => b.length - a.length)
    },
    hide: (text) => longestFirst.reduce((shown, secret) => shown.replaceAll(secret, '***'), text),
    wouldChange: (text) => longestFirst.some((secret) => text.includes(secret)),
    values: () => [...secrets],
  }
  for (const secret of initial) masks.add(secret)
  return masks
}
