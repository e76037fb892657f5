import { isReleaseOf } from '../record/releases.ts'
import { notAdmitted } from './admission.ts'
import type { AdmissionQuestion, AdmissionRefusal } from './types.ts'

export type Overruling = Exclude<AdmissionRefusal, { because: 'superseded' }>

/**
 * What has been decided against a release since the gate let it go on: releases were frozen, an image of it was
 * marked bad, or an operator went back from it. Undefined when nothing was. `stage`: a freeze ends a release that
 * was just updated. For one that has completed it does not count, unless the release is not on record and so may be
 * what is meant.
 */
export async function overruled(
  question: Omit<AdmissionQuestion, 'purpose' | 'runOrder'>,
  stage: 'updated' | 'completed',
): Promise<Overruling | undefined> {
  const { state, run } = question
  const isToCome = stage === 'completed' && isReleaseOf(state?.intent, { run })
  const asked = state && isToCome ? { ...state, freeze: undefined } : state
  return (await notAdmitted({ ...question, state: asked, purpose: 'deploy' })) as Overruling | undefined
}
