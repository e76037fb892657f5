import { createHash } from 'node:crypto'
import path from 'node:path'
import { WorkflowError } from '../language/errors.ts'
import type { Value } from '../language/values.ts'
import { restrictedDefault } from '../model/permissions.ts'
import { readWorkflow } from '../model/workflow.ts'
import { awsCredentials } from '../standins/aws-credentials.ts'
import { checkout } from '../standins/checkout.ts'
import { setupBuildx, setupQemu } from '../standins/docker.ts'
import type { StandIn } from '../standins/stand-in.ts'
import { dispatchInputs, reasonNotToStart } from './events.ts'
import type { RunOptions } from './options.ts'
import { type Plan, planWorkflow } from './plan.ts'
import { type Commit, changedPaths, gitOutput, readCommit } from './repository.ts'
import { createResolver, type Resolver } from './resolve.ts'

/** What stands in for third-party actions everywhere. */
const builtInStandIns: Record<string, StandIn> = {
  'actions/checkout': checkout,
  'docker/setup-buildx-action': setupBuildx,
  'docker/setup-qemu-action': setupQemu,
}

/** A run that GitHub would start: everything read and checked, nothing run yet. */
export interface Prepared {
  commit: Commit
  resolver: Resolver
  plan: Plan
  inputs: Record<string, Value>
}

/**
 * Reads the workflow at the event's commit and all that it calls, and checks it against the event. `root` is an
 * empty folder for the trees of commits. Throws what `runWorkflow` rejects with.
 */
export function prepare(options: RunOptions, root: string): Prepared {
  const { repository, suite, event } = options
  const commit = readCommit(repository, path.join(root, 'commit'))
  const resolver = createResolver({
    consumer: commit,
    consumerAt: (ref) =>
      readCommit(
        { name: repository.name, path: repository.path, ...(/^[0-9a-f]{40}$/.test(ref) ? { sha: ref, ref } : { ref }) },
        path.join(root, 'refs', ref.replaceAll('/', '_')),
      ),
    suite: suite && { ...suite, sha: suiteSha(suite.path) },
    standIns: {
      ...builtInStandIns,
      ...(options.aws && { 'aws-actions/configure-aws-credentials': awsCredentials(options.aws) }),
      ...options.standIns,
    },
  })
  const workflow = readWorkflow(commit, options.workflow)
  const refused = reasonNotToStart(workflow, {
    name: event.name,
    ref: commit.ref,
    changedPaths: () => changedPaths(repository.path, event.before, commit.sha),
  })
  if (refused) throw new WorkflowError(refused)
  const inputs =
    event.name === 'workflow_dispatch'
      ? dispatchInputs(workflow.triggers.dispatch ?? [], event.inputs ?? {}, Object.keys(options.environments ?? {}))
      : {}
  return {
    commit,
    resolver,
    inputs,
    plan: planWorkflow(workflow, resolver, options.defaultPermissions ?? restrictedDefault),
  }
}

function suiteSha(directory: string): string {
  try {
    return gitOutput(directory, 'rev-parse', 'HEAD')
  } catch {
    // A tree without history, as a release tag's would be when unpacked: any stable name will do.
    return createHash('sha1').update(path.resolve(directory)).digest('hex')
  }
}
