import { randomUUID } from 'node:crypto'
import type { SSMClient } from '@aws-sdk/client-ssm'
import type { ActionRuntime, Clock, Log, Summary } from '@deploy-actions/action-kit'
import { type Comparison, compareCommits, type NoComparison } from '@deploy-actions/action-kit/github'
import { ecrClient } from '@deploy-actions/ecr'
import { type LockHolder, runName, runOrder, type SchemaReader, schemaReader, ssmClient } from '@deploy-actions/release'
import type { Inputs } from './inputs.ts'
import { tickets } from './tickets.ts'

export interface Deps {
  ssm: SSMClient
  /** Does not end with the run: the lock is given back also after a cancel. */
  lasting: SSMClient
  /** Reads what an image says of its migrations. */
  read: SchemaReader
  clock: Clock
  log: Log
  signal: AbortSignal
  summary: Summary
  holder: LockHolder
  /** Where this run stands among the runs of its workflow. */
  runOrder: string | undefined
  /**
   * What `post` and `mode: end` need to end the release: for this step's own `post`, and for a later step of the
   * job.
   */
  ticket: { save(): void; keep(): void; end(): void }
  /** Compares the commit that serves with the one of this release. */
  compare(serves: string | undefined): Promise<Comparison | NoComparison>
}

export function createDeps(inputs: Inputs, runtime: ActionRuntime): Deps {
  const { clock, log, cancelled: signal, summary, github, env, saveState } = runtime
  const { application, environment, region, repository, registryRegion, commit: head, token } = inputs
  const options = { region, log, clock, signal }
  const holder = {
    token: randomUUID(),
    run: runName(github),
    attempt: Number(github.runAttempt),
    job: github.job,
    by: github.actor,
    what: head?.slice(0, 7),
  }
  const ticket = { application, environment, region, token: holder.token, run: holder.run }
  const { keep, end } = tickets(github.temp)
  return {
    ssm: ssmClient(options),
    lasting: ssmClient({ region, log, clock, throttlingMs: 3_000 }),
    read: schemaReader(ecrClient({ ...options, region: registryRegion }), repository),
    clock,
    log,
    signal,
    summary,
    holder,
    runOrder: runOrder(env),
    ticket: {
      save: () => saveState('ticket', JSON.stringify(ticket)),
      keep: () => keep(ticket),
      end: () => end(ticket),
    },
    compare: (base) => compareCommits({ base, head, token, github, cancelled: signal }),
  }
}
