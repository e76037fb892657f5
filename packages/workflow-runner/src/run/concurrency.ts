/** Holds a group; `signal` aborts when a newer holder asked for `cancel-in-progress`. */
export interface ConcurrencySlot {
  signal: AbortSignal
  release(): void
}

/** The concurrency groups of a repository, to be shared by all its runs. */
export interface Concurrency {
  /**
   * Waits until `group` is free. Resolves to undefined when the request was cancelled while waiting: by a newer one
   * (only one waits, unless the queue is `max`) or by `signal`.
   */
  enter(request: ConcurrencyRequest): Promise<ConcurrencySlot | undefined>
}

export interface ConcurrencyRequest {
  group: string
  cancelInProgress: boolean
  queue: 'single' | 'max'
  signal: AbortSignal
}

/** GitHub keeps that many waiting with `queue: max`. */
const longestQueue = 100

interface Group {
  running: AbortController | undefined
  waiting: ((admitted: boolean) => void)[]
}

/** Groups as GitHub keeps them: one running, one waiting; names in any case are the same group. */
export function createConcurrency(): Concurrency {
  const groups = new Map<string, Group>()

  const admit = (key: string, group: Group): ConcurrencySlot => {
    const controller = new AbortController()
    group.running = controller
    return {
      signal: controller.signal,
      release() {
        if (group.running !== controller) return
        group.running = undefined
        const next = group.waiting.shift()
        if (next) next(true)
        else groups.delete(key)
      },
    }
  }

  return {
    async enter({ group: name, cancelInProgress, queue, signal }) {
      const key = name.toLowerCase()
      const group = groups.get(key) ?? { running: undefined, waiting: [] }
      groups.set(key, group)
      if (signal.aborted) return undefined
      if (!group.running) return admit(key, group)
      if (cancelInProgress) group.running.abort()
      // Cancelling the holder may have cancelled who asks.
      if (signal.aborted) return undefined
      const limit = queue === 'max' ? longestQueue : 1
      while (group.waiting.length >= limit) group.waiting.shift()?.(false)
      const admitted = await new Promise<boolean>((resolve) => {
        const settle = (value: boolean) => {
          signal.removeEventListener('abort', leave)
          resolve(value)
        }
        const leave = () => {
          group.waiting = group.waiting.filter((other) => other !== settle)
          resolve(false)
        }
        signal.addEventListener('abort', leave, { once: true })
        group.waiting.push(settle)
      })
      return admitted ? admit(key, group) : undefined
    },
  }
}
