/**
 * The candidate a writer most likely meant by `word`, or undefined when none is near: at most one edit per three
 * letters, where an edit inserts, drops, replaces or swaps letters; case and separators (`-`, `_`) count nothing.
 */
export function nearestName(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = plain(word)
  let best: { name: string; distance: number } | undefined
  for (const name of candidates) {
    const distance = editDistance(wanted, plain(name))
    if (
      distance <= Math.max(1, Math.floor(Math.max(wanted.length, name.length) / 3)) &&
      distance < (best?.distance ?? Infinity)
    )
      best = { name, distance }
  }
  return best?.name
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[-_\s]/g, '')
}

/**
 * Optimal string alignment distance: edits are inserting, dropping, replacing a letter and swapping two neighbours.
 */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const replace = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1)
      const swap =
        row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
          ? beforePrevious[column - 2]! + 1
          : Infinity
      current.push(Math.min(previous[column]! + 1, current[column - 1]! + 1, replace, swap))
    }
    beforePrevious = previous
    previous = current
  }
  return previous[b.length]!
}
