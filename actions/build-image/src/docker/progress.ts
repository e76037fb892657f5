import { stripVTControlCharacters } from 'node:util'

/** One step of the build, as `docker buildx build --progress=plain` numbers them. */
export interface BuildStep {
  id: string
  /** `[build 2/3] RUN npm ci` */
  title: string
  cached: boolean
  seconds: number
  /** Its last lines, without number and time. */
  lines: string[]
  error: string | undefined
}

export interface BuildFailure {
  step: string | undefined
  /** What the builder said of it. */
  message: string
  lines: string[]
  /** `Dockerfile:3` */
  location: string | undefined
}

const kept = 40

/**
 * Follows the lines of `--progress=plain` while they come: `#5 [2/3] RUN …`, `#5 0.41 text`, `#5 DONE 1.2s`, `#5
 * CACHED`, `#5 ERROR: …`, and what follows the last step: the failing lines of the Dockerfile and the closing
 * `ERROR: …`.
 */
export class BuildProgress {
  readonly #steps = new Map<string, BuildStep>()
  readonly #closing: string[] = []
  readonly #warnings: string[] = []

  read(raw: string): void {
    const line = stripVTControlCharacters(raw).replace(/\r$/, '')
    const match = line.match(/^#(\d+) (.*)$/)
    if (match) this.#readStep(match[1]!, match[2]!)
    else if (line.trim()) {
      this.#closing.push(line)
      const warning = line.match(/^ - (\w+: .+)$/)?.[1]
      if (warning) this.#warnings.push(warning)
    }
  }

  #readStep(id: string, text: string): void {
    const step = this.#steps.get(id)
    if (!step) {
      this.#steps.set(id, { id, title: text, cached: false, seconds: 0, lines: [], error: undefined })
      return
    }
    const done = text.match(/^DONE (\d+(?:\.\d+)?)s$/)
    if (done) step.seconds = Number(done[1])
    else if (text === 'CACHED') step.cached = true
    else if (text.startsWith('ERROR: ')) step.error = text.slice(7)
    else if (text !== step.title && text !== 'CANCELED' && text !== '...') {
      step.lines.push(text.replace(/^\d+\.\d+ /, ''))
      if (step.lines.length > kept) step.lines.shift()
    }
  }

  /** The Dockerfile's own steps, in order: not the builder's internal ones. */
  get steps(): BuildStep[] {
    return [...this.#steps.values()].filter(({ title }) => isDockerfileStep(title))
  }

  /** Remarks of the builder's checks, such as `JSONArgsRecommended: …`. */
  get warnings(): string[] {
    return [...new Set(this.#warnings)]
  }

  /** Why the build failed, to be asked when the exit code is not 0. */
  failure(): BuildFailure {
    const errors = this.#closing.filter((line) => /^ERROR: /i.test(line))
    const said = (errors.at(-1) ?? this.#closing.at(-1) ?? 'the builder said nothing')
      .replace(/^ERROR: /i, '')
      .replace(/^failed to build: /, '')
      .replace(/^failed to solve: /, '')
    // A step that was cancelled because another one failed is not the cause.
    const failed = [...this.#steps.values()].filter(({ error }) => error !== undefined && error !== 'context canceled')
    const step = failed.find(({ error }) => error && said.includes(error)) ?? failed.at(-1)
    const from = this.#closing.findLastIndex((line) => /^\S+:\d+$/.test(line))
    return {
      step: step?.title,
      message: withoutNoise(step?.error ?? said),
      lines: step?.lines ?? [],
      location: this.#closing[from],
    }
  }
}

/** The builder repeats the whole command, and names snapshots by their internal ids. */
function withoutNoise(message: string): string {
  const exit = message.match(/^process ".*" did not complete successfully: (exit code: \d+)/s)?.[1]
  return exit ?? message.replace(/^(failed to compute cache key: )?failed to calculate checksum of ref \S+: /, '')
}

function isDockerfileStep(title: string): boolean {
  return /^\[(?!internal\]|auth\]|context )[^\]]*\] /.test(title)
}
