import { decodedCode } from './file-names.ts'

/** Tells whether one pattern matches a path. */
export type PathMatch = (path: string) => boolean

/** Takes the code point of one character. */
export type CharacterTest = (code: number) => boolean

/**
 * A step of a pattern's program. `one` takes a character, `fork` goes on at several places at once (relative to
 * itself), `start` holds only before the first character, `end` matches when the path ends there.
 */
export type Step =
  | { kind: 'one'; test: CharacterTest }
  | { kind: 'fork'; to: number[] }
  | { kind: 'start' }
  | { kind: 'end' }

interface State {
  /** Places in the program, ascending, that wait for a character. */
  places: number[]
  matches: boolean
  ascii: (State | undefined)[]
  others: Map<number, State>
}

/** As many states as are kept; a pattern that makes more of them starts over. */
const kept = 2_000

/**
 * Runs a program over paths in time linear in the path's length, whatever the pattern: all ways are followed side
 * by side, and a set of places that was met before is looked up (Thompson's construction, its subsets made when
 * they are first met).
 */
export function automaton(program: Step[]): PathMatch {
  const states = new Map<string, State>()
  let first = enter([0], true)
  return (path) => {
    let state = first
    for (let at = 0; at < path.length; at++) {
      const code = path.codePointAt(at)!
      if (code > 0xffff) at++
      state = (code < 128 ? state.ascii[code] : state.others.get(code)) ?? after(state, code)
      if (state.places.length === 0) return false
    }
    return state.matches
  }

  function after(state: State, code: number): State {
    const seen = decodedCode(code)
    const taken = state.places.filter((place) => {
      const step = program[place]!
      return step.kind === 'one' && step.test(seen)
    })
    if (states.size > kept) {
      states.clear()
      first = enter([0], true)
    }
    const next = enter(
      taken.map((place) => place + 1),
      false,
    )
    if (code < 128) state.ascii[code] = next
    else state.others.set(code, next)
    return next
  }

  function enter(from: number[], atStart: boolean): State {
    const reached = new Set<number>()
    const waiting = [...from]
    for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
      if (reached.has(place)) continue
      reached.add(place)
      const step = program[place]!
      if (step.kind === 'fork') waiting.push(...step.to.map((offset) => place! + offset))
      else if (step.kind === 'start' && atStart) waiting.push(place + 1)
    }
    const places = [...reached].filter((place) => ['one', 'end'].includes(program[place]!.kind)).sort((a, b) => a - b)
    const key = places.join()
    const known = states.get(key)
    if (known) return known
    const matches = places.some((place) => program[place]!.kind === 'end')
    const state = { places, matches, ascii: new Array(128).fill(undefined), others: new Map() }
    states.set(key, state)
    return state
  }
}

/** Any number of characters, none included. */
export function anyNumber(test: CharacterTest): Step[] {
  return [
    { kind: 'fork', to: [1, 3] },
    { kind: 'one', test },
    { kind: 'fork', to: [-2] },
  ]
}

/** Once or not at all. */
export function optional(steps: Step[]): Step[] {
  return [{ kind: 'fork', to: [1, steps.length + 1] }, ...steps]
}

/** One of several programs, each of which ends by itself. */
export function oneOf(programs: Step[][]): Step[] {
  const starts = programs.map((_, index) => 1 + programs.slice(0, index).flat().length)
  return [{ kind: 'fork', to: starts }, ...programs.flat()]
}
