import type { ListTagsForResourceRequest, Tag, TagResourceRequest, UntagResourceRequest } from '@aws-sdk/client-ecs'
import { clientError, invalidParameter } from './errors.ts'
import { lastPart } from './names.ts'
import { findTaskDefinition } from './task-definitions/lookup.ts'
import type { Ecs } from './types.ts'

const MOST_TAGS = 50

/**
 * What carries the tags of an ARN: a cluster, service, task or task definition. Throws InvalidParameterException
 * for any other.
 */
function tagged(ecs: Ecs, arn: string): { tags: Tag[] } {
  const [, type, path = ''] = /^arn:aws:ecs:[^:]*:[^:]*:([^/]+)\/(.+)$/.exec(arn) ?? []
  const cluster = ecs.clusters.get(path.split('/')[0] ?? '')
  const holders: Record<string, () => { tags: Tag[] } | undefined> = {
    cluster: () => cluster,
    service: () => cluster?.services.get(lastPart(path)),
    task: () => ecs.tasks.get(arn),
    'task-definition': () => findTaskDefinition(ecs, arn),
  }
  const found = holders[type ?? '']?.()
  if (!found) throw invalidParameter('The specified resource was not found.')
  return found
}

/** ECS API: TagResource, UntagResource, ListTagsForResource. At most 50 tags; keys with `aws:` are AWS's own. */
export function tagOperations(ecs: Ecs) {
  return {
    TagResource(request: TagResourceRequest) {
      const resource = tagged(ecs, request.resourceArn ?? '')
      const given = request.tags ?? []
      if (given.length === 0) throw clientError('Tags can not be empty.')
      if (given.some(({ key }) => key?.toLowerCase().startsWith('aws:'))) {
        throw invalidParameter("Tag keys must not start with 'aws:'.")
      }
      const keys = new Set(given.map(({ key }) => key))
      const next = [...resource.tags.filter(({ key }) => !keys.has(key)), ...given]
      if (next.length > MOST_TAGS) throw invalidParameter(`A resource can have at most ${MOST_TAGS} tags.`)
      resource.tags = next
      return {}
    },

    UntagResource(request: UntagResourceRequest) {
      const resource = tagged(ecs, request.resourceArn ?? '')
      resource.tags = resource.tags.filter(({ key }) => !request.tagKeys?.includes(key ?? ''))
      return {}
    },

    ListTagsForResource: (request: ListTagsForResourceRequest) => ({
      tags: tagged(ecs, request.resourceArn ?? '').tags,
    }),
  }
}
