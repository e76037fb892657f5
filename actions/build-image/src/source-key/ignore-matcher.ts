import type { IgnoreRule } from './ignore-file.ts'
import { compilePattern } from './ignore-pattern.ts'

/** Which rules a folder met, for its children to inherit. */
export type FolderState = readonly boolean[]

export interface IgnoreMatcher {
  /** Whether `path` is left out, given what its folder met; `state` is what its children inherit. */
  match(path: string, folder: FolderState | undefined): { ignored: boolean; state: FolderState }
  /** Whether a later `!` rule can take back something inside an ignored folder, so that it must be walked. */
  mayTakeBack(folder: string): boolean
  /** Patterns that could not be read as the builder does. While there is one, nothing is ignored. */
  unclear: string[]
}

/**
 * Applies ignore rules as the builder does while it walks the context: the last match wins, and a rule that matched
 * a folder holds for what is in it, unless it was passed over at the folder because it could not have changed
 * anything there (tonistiigi/fsutil, moby/patternmatcher). Rules depend on each other, so with one that is unclear
 * every file counts as sent: a needless build is harmless, a false hit is not.
 */
export function ignoreMatcher(rules: IgnoreRule[]): IgnoreMatcher {
  const compiled = rules.map(({ pattern, exception }) => ({ pattern, exception, matches: compilePattern(pattern) }))
  const unclear = compiled.filter(({ matches }) => !matches).map(({ pattern }) => pattern)
  if (unclear.length > 0) return { unclear, match: () => ({ ignored: false, state: [] }), mayTakeBack: () => true }

  const exceptions = compiled.filter(({ exception }) => exception)
  const foreseeable = exceptions.every(({ pattern }) => !/[*[\]?^\\]/.test(withoutTrailingStars(pattern)))
  return {
    unclear,
    match(path, folder) {
      let ignored = false
      const state = compiled.map(({ exception, matches }, index) => {
        let match = folder?.[index] ?? false
        if (!match) {
          if (exception !== ignored) return false
          match = matches!(path)
        }
        if (match) ignored = !exception
        return match
      })
      return { ignored, state }
    },
    mayTakeBack(folder) {
      if (exceptions.length === 0) return false
      return (
        !foreseeable || exceptions.some(({ pattern }) => `${withoutTrailingStars(pattern)}/`.startsWith(`${folder}/`))
      )
    },
  }
}

function withoutTrailingStars(pattern: string): string {
  return pattern.replace(/\/\*\*$/, '').replace(/\/\*$/, '')
}
