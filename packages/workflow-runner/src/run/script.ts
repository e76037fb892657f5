import { randomUUID } from 'node:crypto'
import { accessSync, constants, existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { WorkflowError } from '../language/errors.ts'
import { scalarText } from '../language/expressions.ts'
import type { TemplateToken } from '../language/tokens.ts'
import type { Step } from '../model/steps.ts'
import { refuseOtherShells } from '../model/supported.ts'
import { runProcess } from '../step/process.ts'
import { frameScope } from './frame.ts'
import type { Execution, Status } from './job-state.ts'
import { processEnv, stepFiles, takeFiles } from './process-env.ts'

/** The arguments that the runner gives to the shells it knows. */
const builtInShells: Record<string, { arguments: string; extension: string }> = {
  bash: { arguments: '--noprofile --norc -e -o pipefail {0}', extension: '.sh' },
  sh: { arguments: '-e {0}', extension: '.sh' },
  python: { arguments: '{0}', extension: '.py' },
}

/** Runs a `run` step in its shell, with the flags GitHub documents for it (`jobs.<job_id>.steps[*].shell`). */
export async function executeScript(execution: Execution, step: Step): Promise<Status> {
  const { frame, output } = execution
  const { job } = frame
  const scope = frameScope(frame, execution.env)
  const text = (token: TemplateToken | undefined) => (token ? scalarText(token, scope) : '')
  const script = text(step.run)
  // Defaults of the job do not reach into composite actions.
  const inherited = frame.depth === 0 ? job.defaults : undefined
  const shell = text(step.shell) || inherited?.shell || ''
  const directory = path.resolve(
    job.directories.workspace,
    text(step.workingDirectory) || inherited?.workingDirectory || '',
  )
  const env = processEnv(execution)
  const command = shellCommand(step, shell, env.PATH ?? '')
  const program = findProgram(command.program, env.PATH ?? '')

  output.show(`##[group]Run ${script.trim().split('\n')[0] ?? ''}`)
  for (const line of script.trimEnd().split('\n')) output.show(line)
  output.show(`shell: ${program} ${command.arguments}`)
  showEnv(execution)
  output.show('##[endgroup]')

  if (!existsSync(directory)) throw new WorkflowError(`The working directory '${directory}' does not exist`)
  const file = path.join(job.directories.temp, `${randomUUID()}${command.extension}`)
  writeFileSync(file, script)
  const files = stepFiles(execution)
  const { exitCode } = await runProcess({
    file: program,
    args: command.arguments.split(/\s+/).map((argument) => argument.replaceAll('{0}', file)),
    cwd: directory,
    env: { ...env, ...files.variables },
    onLine: output.line,
    signal: execution.signal,
    grace: job.run.grace,
    keepBackground: true,
  })
  const { ok } = takeFiles(execution, files)
  if (exitCode !== 0 && !execution.signal.aborted)
    output.annotate('error', `Process completed with exit code ${exitCode}.`)
  return exitCode === 0 && ok ? 'success' : 'failure'
}

/** The environment as the log shows it at the head of a step. */
export function showEnv({ env, output }: Execution): void {
  if (Object.keys(env).length === 0) return
  output.show('env:')
  for (const [name, value] of Object.entries(env)) output.show(`  ${name}: ${value}`)
}

function shellCommand(
  step: Step,
  shell: string,
  searchPath: string,
): { program: string; arguments: string; extension: string } {
  if (shell === '') {
    // Without a `shell` GitHub leaves out pipefail.
    const program = isProgram('bash', searchPath) ? 'bash' : 'sh'
    return { program, arguments: '-e {0}', extension: '.sh' }
  }
  const [program = '', ...rest] = shell.trim().split(/\s+/)
  refuseOtherShells(step.file, step.token, shell)
  const known = builtInShells[program]
  if (rest.length > 0) {
    if (!rest.join(' ').includes('{0}'))
      throw new WorkflowError(
        "Invalid shell option. Shell must be a valid built-in (bash, sh, cmd, powershell, pwsh) or a format string containing '{0}'",
      )
    return { program, arguments: rest.join(' '), extension: known?.extension ?? '' }
  }
  if (!known)
    throw new WorkflowError(
      "Invalid shell option. Shell must be a valid built-in (bash, sh, cmd, powershell, pwsh) or a format string containing '{0}'",
    )
  return { program, ...known }
}

function findProgram(name: string, searchPath: string): string {
  if (name.includes('/')) return name
  const directory = searchPath.split(':').find((entry) => isExecutable(path.join(entry, name)))
  if (directory === undefined) throw new WorkflowError(`${name}: command not found`)
  return path.join(directory, name)
}

function isProgram(name: string, searchPath: string): boolean {
  return searchPath.split(':').some((entry) => isExecutable(path.join(entry, name)))
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
