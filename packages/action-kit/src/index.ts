export { type Clock, systemClock } from './clock.ts'
export { type CommandOptions, type CommandResult, command, MissingProgramError, toolEnvironment } from './command.ts'
export { inParallel, memoised, once } from './concurrency.ts'
export { formatDuration, formatStopwatch, parseDuration } from './duration.ts'
export { isUserError, messageOf, UserError } from './errors.ts'
export { type GitHubContext, githubContext } from './github-context.ts'
export { type InputReader, inputReader } from './inputs.ts'
export { githubLog, type Log, linesOf } from './log.ts'
export { type ActionResult, runAction, runPost } from './run-action.ts'
export type { ActionRuntime, OutputValue } from './runtime.ts'
export {
  fileSummary,
  markdownCode,
  markdownDetails,
  markdownDigests,
  markdownInlineCode,
  markdownTable,
  markdownText,
  type Summary,
  summaryHeading,
  verdictMark,
} from './summary.ts'
