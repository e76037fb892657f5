import type { ActionRuntime, Clock, GitHubContext, Log, Summary } from '@deploy-actions/action-kit'
import { runOrder } from '@deploy-actions/release'
import { type Clients, createClients } from './clients.ts'
import type { Inputs } from './inputs.ts'

export interface Deps {
  /** They end with the run: nothing is read or written through them after a cancel. */
  clients: Clients
  /** They do not, for all that follows an update. */
  lasting: Clients
  clock: Clock
  log: Log
  summary: Summary
  github: GitHubContext
  /** Where this run stands among the runs of its workflow; undefined outside one. */
  order: string | undefined
  cancelled: AbortSignal
  stateLeft: ActionRuntime['stateLeft']
  /** Keeps what `post` must know should this process be killed. */
  saveOpen(open: OpenDeployments | undefined): void
}

/** Whether we may return to the release of before, should this one not end well, and why not. */
export interface UndoRight {
  allowed: boolean
  why: string
  /** Where the guard forbids it: the schema levels that the release of before expects and that the database has. */
  schema?: { code: string; database: string }
}

/** Deployments that are under way, for `post`. */
export interface OpenDeployments {
  region: string
  undo: { allowed: boolean; why: string }
  deployments: OpenDeployment[]
}

export interface OpenDeployment {
  cluster: string
  service: string
  serviceArn: string
  /** Undefined while UpdateService has not answered: it may have started one. */
  deploymentId?: string
  /** PRIMARY before the update. */
  previousDeploymentId?: string
  /** By AWS's clock; before the answer, when it was asked for. */
  createdAt: string
  taskDefinition: string
  previousTaskDefinition: string
}

export function createDeps(
  { region, registryRegion }: Inputs,
  { clock, log, summary, github, cancelled, env, saveState, stateLeft }: ActionRuntime,
): Deps {
  const saveOpen = (open: object | undefined) => saveState('open-deployments', open ? JSON.stringify(open) : '')
  const context = { region, registryRegion, log, clock }
  const clients = createClients({ ...context, signal: cancelled })
  const lasting = createClients(context)
  return { clients, lasting, clock, log, summary, github, order: runOrder(env), cancelled, stateLeft, saveOpen }
}
