/** Requests per second and how many may come at once. */
interface Quota {
  burst: number
  rate: number
}

const ecs: Record<string, Quota & { operations: string[] }> = {
  'service modify': { burst: 50, rate: 5, operations: ['CreateService', 'UpdateService', 'DeleteService'] },
  'service read': { burst: 100, rate: 20, operations: ['DescribeServices', 'ListServices'] },
  'service deployments': { burst: 50, rate: 20, operations: ['DescribeServiceDeployments', 'ListServiceDeployments'] },
  'service revisions': { burst: 50, rate: 20, operations: ['DescribeServiceRevisions'] },
  'task definition modify': { burst: 20, rate: 1, operations: ['RegisterTaskDefinition', 'DeregisterTaskDefinition'] },
  'task definition read': {
    burst: 50,
    rate: 20,
    operations: ['DescribeTaskDefinition', 'ListTaskDefinitions', 'ListTaskDefinitionFamilies'],
  },
  'task definition delete': { burst: 5, rate: 1, operations: ['DeleteTaskDefinitions'] },
  'cluster resource modify': {
    burst: 100,
    rate: 40,
    operations: ['RunTask', 'StartTask', 'StopTask', 'ExecuteCommand'],
  },
  'cluster resource read': { burst: 100, rate: 20, operations: ['DescribeTasks', 'ListTasks'] },
  'cluster modify': { burst: 20, rate: 1, operations: ['CreateCluster', 'DeleteCluster', 'UpdateCluster'] },
  'cluster read': { burst: 50, rate: 20, operations: ['DescribeClusters', 'ListClusters'] },
  'tags modify': { burst: 20, rate: 10, operations: ['TagResource', 'UntagResource'] },
}

// ECR publishes rates only. How long its buckets burst is not documented; a burst of one second's rate is the
// tightest reading.
const ecr: Record<string, number> = {
  BatchCheckLayerAvailability: 1000,
  GetDownloadUrlForLayer: 3000,
  InitiateLayerUpload: 100,
  UploadLayerPart: 500,
  CompleteLayerUpload: 100,
  PutImage: 10,
  BatchGetImage: 2000,
  GetAuthorizationToken: 500,
}

function quotaOf(service: string, operation: string): { key: string; quota: Quota } | undefined {
  if (service === 'ecs') {
    const found = Object.entries(ecs).find(([, { operations }]) => operations.includes(operation))
    return found && { key: `ecs ${found[0]}`, quota: found[1] }
  }
  const rate = service === 'ecr' ? ecr[operation] : undefined
  return rate === undefined ? undefined : { key: `ecr ${operation}`, quota: { burst: rate, rate } }
}

export interface RateLimits {
  /** Takes one request out of its bucket; false when the bucket is empty and the call must be throttled. */
  allow(service: string, operation: string): boolean
}

/**
 * AWS's token buckets per API category (ECS developer guide "Request throttling", ECR service quotas).
 * `now` is the time that their clients live in, in milliseconds: by a faster one tokens would come too fast, by a
 * slower one too slowly.
 */
export function rateLimits(now: () => number): RateLimits {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return {
    allow(service, operation) {
      const found = quotaOf(service, operation)
      if (!found) return true
      const { burst, rate } = found.quota
      const at = now()
      const bucket = buckets.get(found.key) ?? { tokens: burst, at }
      const tokens = Math.min(burst, bucket.tokens + ((at - bucket.at) / 1000) * rate)
      buckets.set(found.key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at })
      return tokens >= 1
    },
  }
}
