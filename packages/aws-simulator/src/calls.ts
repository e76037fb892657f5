/** One request that reached the simulator. */
export interface RecordedCall {
  time: Date
  /** `ecs`, `ecr`, …, or `registry` for the OCI registry's HTTP API. */
  service: string
  /** `DescribeServices`, or `HEAD /v2/app/blobs/sha256:…`. */
  operation: string
  region: string
  /** The request as the client sent it. Empty for the registry. */
  input: unknown
  /** `ok`, the error's name, or `dropped`. */
  outcome: string
  status: number
  /** Members that AWS does not know and would ignore: nearly always a misspelling. */
  warnings: string[]
  /** Bytes of the request's body. */
  bytes: number
}

/**
 * Calls per `service:Operation`, as `.demo/report.json` counts them. Registry calls are counted per kind
 * (`registry:PUT manifest`).
 */
export function countCalls(calls: RecordedCall[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const call of calls) {
    const key = `${call.service}:${kindOf(call)}`
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}

function kindOf({ service, operation }: RecordedCall): string {
  if (service === 'registry') return registryKind(operation)
  // A presigned download: its path is a new one each time.
  return service === 's3' ? (operation.split(' ')[0] ?? '') : operation
}

function registryKind(operation: string): string {
  const [method = '', path = ''] = operation.split(' ')
  if (/\/manifests\//.test(path)) return `${method} manifest`
  if (/\/blobs\/uploads\//.test(path)) return `${method} upload`
  if (/\/blobs\//.test(path)) return `${method} blob`
  if (/\/tags\/list/.test(path)) return `${method} tags`
  if (/\/referrers\//.test(path)) return `${method} referrers`
  return `${method} /v2/`
}
