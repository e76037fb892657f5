import type { Clock, GitHubContext, Log, Summary } from '@deploy-actions/action-kit'
import type { Clients } from './clients.ts'

export interface Deps {
  clients: Clients
  clock: Clock
  log: Log
  summary: Summary
  github: GitHubContext
  /** Where this run stands among the runs of its workflow; undefined outside one. */
  order: string | undefined
  cancelled: AbortSignal
  /** Keeps what `post` must know should this process be killed. */
  saveOpen(open: OpenDeployments | undefined): void
}

/** Deployments that are under way, for `post`. */
export interface OpenDeployments {
  region: string
  undo: { allowed: boolean; why: string }
  deployments: {
    cluster: string
    service: string
    serviceArn: string
    deploymentId: string
    createdAt: string
    taskDefinition: string
    previousTaskDefinition: string
  }[]
}
