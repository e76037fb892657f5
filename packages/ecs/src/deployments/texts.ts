const longest = 400

/**
 * AWS's own text, shortened for a reader: digests to twelve digits, what is said twice in a row to once, the whole
 * to some lines.
 */
export function tidy(text: string): string {
  const short = text.replace(/sha256:([0-9a-f]{12})[0-9a-f]{52}/g, 'sha256:$1…').replace(/(\S{20,}): \1/g, '$1')
  return short.length > longest ? `${short.slice(0, longest - 1)}…` : short
}

/** The text with a full stop, unless it ends in a mark already. */
export function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`
}
