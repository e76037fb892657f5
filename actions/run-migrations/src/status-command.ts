import { taskId } from '@deploy-actions/ecs'
import { type Migration, parseLevel, schemaLevel } from '@deploy-actions/release'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'
import type { Ledger, MigratePlan } from './ledger.ts'
import { follow, startTask } from './migrate.ts'
import type { ReadyTask } from './revision.ts'

/** What the status command has shown. */
export interface Proof {
  /** Undefined: it has proven nothing, and `why` says so. */
  level: string | undefined
  why: string
}

const statusTimeoutMs = 5 * 60_000

/**
 * Runs the status command in a task of the same revision and reads the database's level from what it prints. Proves
 * nothing when the command fails or prints nothing that can be understood, which is no error: what was known before
 * stands.
 */
export async function proveLevel(
  inputs: Inputs,
  deps: Deps,
  start: ReadyTask,
  migrations: Migration[],
): Promise<Proof> {
  const command = inputs.release?.statusCommand
  if (!command) return { level: undefined, why: 'there is no status-command' }
  const purpose = `Schema level of ${inputs.release?.application}`
  const lines: string[] = []
  const started = await startTask(inputs, deps, start, command)
  const { ended, end } = await deps.log.group(`${purpose}: what the database has`, () =>
    follow(inputs, deps, started, {
      purpose,
      timeoutMs: statusTimeoutMs,
      onLine(line) {
        lines.push(line)
        deps.log.info(line)
      },
    }),
  )
  const id = taskId(started.task.taskArn ?? '')
  if (ended !== 'stopped' || !end) return { level: undefined, why: `the status command did not end (task ${id})` }
  if (!end.succeeded) return { level: undefined, why: `the status command failed: ${end.cause}` }
  return levelIn(lines, migrations)
}

/**
 * Where the record is not certain, the database itself may be asked before anything runs. Returns whether the
 * record was brought up to date.
 */
export async function proveBefore(
  inputs: Inputs,
  deps: Deps,
  { book, plan, start }: { book: Ledger; plan: MigratePlan; start: ReadyTask },
): Promise<boolean> {
  const certain = plan.state?.schema !== undefined && !plan.state.pending
  if (certain || !inputs.release?.statusCommand) return false
  const proof = await proveLevel(inputs, deps, start, plan.image.migrations)
  if (proof.level === undefined) {
    deps.log.info(`The status command has proven nothing (${proof.why}); migrating as the record says.`)
    return false
  }
  deps.log.info(`The database has schema level ${proof.level}: ${proof.why}.`)
  await book.reached(proof.level, plan.image)
  return true
}

/**
 * The level that a status command's lines tell: a line that is a level itself (`17.3f9ac2d1`, `none`), or lines
 * that name migrations, by their file's name, with or without folder and ending, or by the version it begins with.
 * Lines that name nothing are headings and the like.
 */
export function levelIn(lines: string[], migrations: Migration[]): Proof {
  const words = lines.map((line) => line.trim()).filter(Boolean)
  const told = words.find((word) => parseLevel(word))
  if (told) return { level: told, why: 'the status command says so' }
  const named = aliases(migrations)
  const found = new Set(words.flatMap((word) => named.get(word) ?? []))
  if (found.size === 0) return { level: undefined, why: 'its output names no migration of the image and no level' }
  const level = schemaLevel([...found])
  const missing = migrations.filter((migration) => !found.has(migration)).map(({ name }) => name)
  return {
    level: level.text,
    why:
      missing.length === 0
        ? `all ${migrations.length} migrations of the image are applied`
        : `${found.size} of ${migrations.length} migrations of the image are applied; missing: ${missing.slice(0, 8).join(', ')}${missing.length > 8 ? ' …' : ''}`,
  }
}

/**
 * What each migration may be called. A name that would fit two, as `migration.sql` in folders does, means neither.
 */
function aliases(migrations: Migration[]): Map<string, Migration> {
  const found = new Map<string, Migration>()
  const ambiguous = new Set<string>()
  for (const migration of migrations)
    for (const name of namesOf(migration)) {
      if (found.has(name)) ambiguous.add(name)
      found.set(name, migration)
    }
  for (const name of ambiguous) found.delete(name)
  for (const migration of migrations) found.set(migration.name, migration)
  return found
}

function namesOf({ name }: Migration): Set<string> {
  const parts = name.split('/')
  const stems = parts.map((part, index) =>
    index === parts.length - 1 ? part.replace(/(\.(up|down))?\.[^.]+$/, '') : part,
  )
  const versions = stems.flatMap((stem) => /^V?(\d[\d.]*)(?=[_-]|$)/i.exec(stem)?.[1] ?? [])
  return new Set([name, ...parts, ...stems, ...versions])
}
