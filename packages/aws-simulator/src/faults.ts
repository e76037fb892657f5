import type { Fault } from './scenario.ts'

export type FaultEffect = Fault['effect']

interface Armed {
  fault: Fault
  seen: number
  applied: number
}

/** The faults in force. Each keeps its own count of matches, so that `skip` and `times` hold across calls. */
export interface FaultBox {
  add(faults: Fault[]): void
  clear(): void
  list(): Fault[]
  /**
   * The effects for one call, counted as used. `text` is the request's body or path, for `contains`; `only` leaves
   * other kinds alone.
   */
  take(call: { service: string; operation: string; text: string }, only?: FaultEffect['kind']): FaultEffect[]
}

/** `*` stands for any run of characters. */
export function matchesPattern(pattern: string, text: string): boolean {
  const escaped = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${escaped.join('.*')}$`, 's').test(text)
}

export function faultBox(initial: Fault[] = [], random: () => number = Math.random): FaultBox {
  let armed: Armed[] = []
  const add = (faults: Fault[]) => void armed.push(...faults.map((fault) => ({ fault, seen: 0, applied: 0 })))
  add(initial)
  return {
    add,
    clear: () => {
      armed = []
    },
    list: () => armed.map(({ fault }) => fault),
    take({ service, operation, text }, only) {
      const effects: FaultEffect[] = []
      for (const entry of armed) {
        const { fault } = entry
        if (only && fault.effect.kind !== only) continue
        if (fault.service && !matchesPattern(fault.service, service)) continue
        if (fault.operation && !matchesPattern(fault.operation, operation)) continue
        if (fault.contains && !text.includes(fault.contains)) continue
        entry.seen++
        if (entry.seen <= (fault.skip ?? 0)) continue
        if (fault.times !== undefined && entry.applied >= fault.times) continue
        if (fault.probability !== undefined && random() >= fault.probability) continue
        entry.applied++
        effects.push(fault.effect)
      }
      return effects
    },
  }
}
