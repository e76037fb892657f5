import type { StartedDeployment } from '@deploy-actions/ecs'
import type { OpenDeployment, OpenDeployments, UndoRight } from '../deps.ts'
import type { Inputs } from '../inputs.ts'

/** What `post` must look after should this process be killed, written to the step's state at every change. */
export interface OpenBook {
  /** Before UpdateService is sent: its answer may never come. */
  asked(updates: OpenDeployment[]): void
  answered(started: StartedDeployment): void
  closed(service: string): void
}

export function openBook(
  { region, onCancel }: Inputs,
  right: UndoRight,
  save: (open: OpenDeployments | undefined) => void,
): OpenBook {
  const leave = onCancel === 'leave'
  const undo = { allowed: !leave && right.allowed, why: leave ? 'on-cancel is leave.' : right.why }
  const open = new Map<string, OpenDeployment>()
  const write = () => save(open.size > 0 ? { region, undo, deployments: [...open.values()] } : undefined)
  return {
    asked(updates) {
      for (const update of updates) open.set(update.service, update)
      write()
    },
    answered({ created, eventsFrom: _, createdAt, ...started }) {
      if (created) open.set(started.service, { ...started, createdAt: createdAt.toISOString() })
      else open.delete(started.service)
      write()
    },
    closed(service) {
      if (open.delete(service)) write()
    },
  }
}
