import { startFailureKinds } from '../tasks/start-failures.ts'
import { type CauseRule, textWith } from './evidence.ts'

/** Tasks that never ran. */
export const startCauses: CauseRule[] = startFailureKinds.map(({ pattern, meaning }) => (evidence) => {
  const text = textWith(evidence, pattern)
  return text === undefined ? undefined : meaning(text)
})
