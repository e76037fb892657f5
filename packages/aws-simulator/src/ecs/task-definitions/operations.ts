import type {
  DeleteTaskDefinitionsRequest,
  DeregisterTaskDefinitionRequest,
  DescribeTaskDefinitionRequest,
  Failure,
  ListTaskDefinitionFamiliesRequest,
  ListTaskDefinitionsRequest,
  RegisterTaskDefinitionRequest,
  TaskDefinition,
} from '@aws-sdk/client-ecs'
import type { Caller } from '../../world.ts'
import { clientError, invalidParameter } from '../errors.ts'
import { ecsArn } from '../names.ts'
import { page } from '../paging.ts'
import type { Ecs, Family, RegisteredTaskDefinition } from '../types.ts'
import { completeDefinition } from './defaults.ts'
import { findTaskDefinition, parseReference } from './lookup.ts'
import { checkTaskDefinition } from './rules.ts'

/** Registers a revision; every call makes a new one, and numbers are never given twice. */
export function registerTaskDefinition(ecs: Ecs, request: RegisterTaskDefinitionRequest, caller?: Caller) {
  checkTaskDefinition(request)
  const name = request.family ?? ''
  const family: Family = ecs.families.get(name) ?? { name, lastRevision: 0, revisions: new Map() }
  ecs.families.set(name, family)
  const revision = ++family.lastRevision
  const registered: RegisteredTaskDefinition = {
    definition: completeDefinition(request, {
      taskDefinitionArn: ecsArn(ecs.world, 'task-definition', `${name}:${revision}`),
      revision,
      registeredAt: ecs.world.clock.now(),
      registeredBy: caller?.arn ?? `arn:aws:iam::${ecs.world.accountId}:root`,
    }),
    tags: structuredClone(request.tags ?? []),
  }
  family.revisions.set(revision, registered)
  return { taskDefinition: registered.definition, tags: request.tags?.length ? registered.tags : undefined }
}

export function taskDefinitionOperations(ecs: Ecs) {
  const numbered = (reference: string) => {
    if (parseReference(reference).revision === undefined)
      throw invalidParameter('Invalid revision number. Must be specified.')
    const found = findTaskDefinition(ecs, reference)
    if (!found) throw clientError('Unable to describe task definition.')
    return found
  }
  return {
    RegisterTaskDefinition: (request: RegisterTaskDefinitionRequest, caller: Caller) =>
      registerTaskDefinition(ecs, request, caller),

    DescribeTaskDefinition(request: DescribeTaskDefinitionRequest) {
      const found = findTaskDefinition(ecs, request.taskDefinition ?? '')
      if (!found) throw clientError('Unable to describe task definition.')
      return { taskDefinition: found.definition, tags: request.include?.includes('TAGS') ? found.tags : undefined }
    },

    DeregisterTaskDefinition(request: DeregisterTaskDefinitionRequest) {
      const { definition } = numbered(request.taskDefinition ?? '')
      if (definition.status !== 'ACTIVE')
        throw clientError('The specified task definition does not exist or is not active.')
      definition.status = 'INACTIVE'
      definition.deregisteredAt = ecs.world.clock.now()
      return { taskDefinition: definition }
    },

    DeleteTaskDefinitions(request: DeleteTaskDefinitionsRequest) {
      const references = request.taskDefinitions ?? []
      if (references.length > 10) throw invalidParameter('A maximum of 10 task definitions can be deleted at once.')
      const deleted: TaskDefinition[] = []
      const failures: Failure[] = []
      for (const reference of references) {
        const found = parseReference(reference).revision === undefined ? undefined : findTaskDefinition(ecs, reference)
        if (!found) failures.push({ arn: reference, reason: 'MISSING' })
        else if (found.definition.status === 'ACTIVE') {
          failures.push({
            arn: found.definition.taskDefinitionArn,
            reason:
              'The specified task definition is still in ACTIVE status. Please deregister the target and try again.',
          })
        } else {
          found.definition.status = 'DELETE_IN_PROGRESS'
          found.definition.deleteRequestedAt ??= ecs.world.clock.now()
          deleted.push(found.definition)
        }
      }
      return { taskDefinitions: deleted, failures }
    },

    ListTaskDefinitions(request: ListTaskDefinitionsRequest) {
      const status = request.status ?? 'ACTIVE'
      const families = [...ecs.families.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
      const all = families
        .filter((family) => request.familyPrefix === undefined || family.name === request.familyPrefix)
        .flatMap((family) => [...family.revisions.values()])
        .filter((entry) => entry.definition.status === status)
        .map((entry) => entry.definition.taskDefinitionArn)
      if (request.sort === 'DESC') all.reverse()
      const { items, nextToken } = page(all, request.maxResults, 100, request.nextToken)
      return { taskDefinitionArns: items, nextToken }
    },

    ListTaskDefinitionFamilies(request: ListTaskDefinitionFamiliesRequest) {
      const status = request.status ?? 'ACTIVE'
      const active = (family: Family) =>
        [...family.revisions.values()].some((entry) => entry.definition.status === 'ACTIVE')
      const all = [...ecs.families.values()]
        .filter((family) => family.name.startsWith(request.familyPrefix ?? ''))
        .filter((family) => status === 'ALL' || active(family) === (status === 'ACTIVE'))
        .map((family) => family.name)
        .sort()
      const { items, nextToken } = page(all, request.maxResults, 100, request.nextToken)
      return { families: items, nextToken }
    },
  }
}
