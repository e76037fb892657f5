import path from 'node:path'
import type { Inputs } from '../../actions/build-image/src/inputs.ts'
import { sourceKey } from '../../actions/build-image/src/source-key/source-key.ts'
import { inputsOf, runnerOf } from '../../actions/build-image/test/support/inputs.ts'
import { make, type Pair } from './pairs.ts'

/** One side of a pair: its key, and what came of it elsewhere. `undefined` where it was refused. */
export interface Side {
  key: string | undefined
  other: string | undefined
}

export interface Tally {
  pairs: number
  /** Both sides were refused by the builder, or one by the key: nothing can ship. */
  refused: string[]
  falseHits: string[]
  needlessMisses: string[]
}

/** The inputs of one side of a pair. */
export function pairInputs(app: string, { dockerfile, named }: Pair): Inputs {
  return inputsOf(app, {
    dockerfile: dockerfile && path.resolve(app, dockerfile),
    buildContexts: Object.fromEntries(
      Object.entries(named ?? {}).map(([name, folder]) => [name, path.resolve(app, folder)]),
    ),
  })
}

/** Compares keys with the answers of `judge`, which says what the builder makes of one side, as text: equal texts are equal builds. */
export async function judgePairs(
  pairs: Pair[],
  folder: string,
  judge: (inputs: Inputs) => Promise<string | undefined>,
): Promise<Tally> {
  const tally: Tally = { pairs: pairs.length, refused: [], falseHits: [], needlessMisses: [] }
  for (const pair of pairs) {
    const [one, two] = [await side(pair, false), await side(pair, true)]
    if (!one.key || !two.key || !one.other || !two.other) tally.refused.push(pair.name)
    else if (one.key === two.key && one.other !== two.other) tally.falseHits.push(pair.name)
    else if (one.key !== two.key && one.other === two.other) tally.needlessMisses.push(pair.name)
  }
  return tally

  async function side(pair: Pair, changed: boolean): Promise<Side> {
    // Both sides in one place: what differs is the content alone.
    const inputs = pairInputs(make(path.join(folder, 'pair'), pair, changed), pair)
    const key = await sourceKey(inputs, runnerOf(inputs.workspace)).then(
      (source) => source.key,
      () => undefined,
    )
    return { key, other: await judge(inputs) }
  }
}

export function tallyText({ pairs, refused, falseHits, needlessMisses }: Tally): string {
  return [
    `${pairs} pairs: ${falseHits.length} false hits, ${needlessMisses.length} needless misses, ${refused.length} refused`,
    ...falseHits.map((name) => `  FALSE HIT      ${name}`),
    ...needlessMisses.map((name) => `  needless miss  ${name}`),
    ...refused.map((name) => `  refused        ${name}`),
  ].join('\n')
}
