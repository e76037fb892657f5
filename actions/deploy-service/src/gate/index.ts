// The gate and the record, which only a release with `application` has: loaded only then.
export { mayServe, recordTarget } from './admit.ts'
export { sayDrift } from './drift.ts'
export { recordCompleted, stopOverruled } from './overruled.ts'
export { undoRightNow } from './undo-right.ts'
