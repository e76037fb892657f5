/**
 * Extracts from AWS's API models what the simulator checks requests and answers against: shapes, bounds, errors; no documentation texts.
 *
 *   node scripts/update-models.ts DIR     DIR holds <service>/<version>/service-2.json[.gz], as botocore's `data` directory does
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'

/** Operations to take along, per model directory. What is not taken is still known by name, so that the simulator can say so. */
const selection: Record<string, RegExp> = {
  ecs: /^(?!.*(Daemon|Express|AccountSetting|Protection|AgentState|Attributes|PollEndpoint|StateChange|ContainerAgent|CapacityProvider|TaskSet|StartTask|ContainerInstancesState|Gateway))/,
  ecr: /^(?!.*(PullTime|Signing|ReplicationConfiguration|PullThroughCacheRule|RegistryScanning|LifecyclePolicyPreview))/,
  ssm: /^(PutParameter|GetParameter.*|DeleteParameters?|DescribeParameters|(Label|Unlabel)ParameterVersion|AddTagsToResource|RemoveTagsFromResource|ListTagsForResource)$/,
  logs: /^(CreateLogGroup|CreateLogStream|DeleteLogGroup|DeleteLogStream|DescribeLogGroups|DescribeLogStreams|PutLogEvents|GetLogEvents|FilterLogEvents|PutRetentionPolicy)$/,
  elbv2:
    /^(Create|Delete|Describe|Modify)TargetGroups?$|^DescribeTargetHealth$|TargetGroupAttributes$|^(Des?registerTargets|RegisterTargets|DescribeLoadBalancers|DescribeTags|DescribeListeners|DescribeRules)$/,
  cloudwatch: /^(DescribeAlarms|SetAlarmState|PutMetricAlarm|DeleteAlarms)$/,
  sts: /^GetCallerIdentity$/,
  iam: /^(GetRole|SimulatePrincipalPolicy)$/,
  rds: /^(Create|Delete|Describe)DB(Cluster)?Snapshots?$|^DescribeDB(Instances|Clusters)$/,
}

interface SourceShape {
  type: string
  required?: string[]
  members?: Record<string, { shape: string; locationName?: string }>
  member?: { shape: string; locationName?: string }
  flattened?: boolean
  key?: { shape: string }
  value?: { shape: string }
  min?: number
  max?: number
  pattern?: string
  enum?: string[]
  timestampFormat?: string
  exception?: boolean
  error?: { code?: string; httpStatusCode?: number }
}

interface SourceOperation {
  input?: { shape: string }
  output?: { shape: string; resultWrapper?: string }
  errors?: { shape: string }[]
}

interface SourceModel {
  metadata: Record<string, string | string[]>
  operations: Record<string, SourceOperation>
  shapes: Record<string, SourceShape>
}

function readModel(directory: string): SourceModel {
  const versions = readdirSync(directory).sort()
  const folder = path.join(directory, versions.at(-1) ?? '')
  const file = readdirSync(folder).find((name) => /^service-2\.json(\.gz)?$/.test(name))
  if (!file) throw new Error(`No service-2.json in ${folder}`)
  const bytes = readFileSync(path.join(folder, file))
  return JSON.parse((file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'))
}

function reachable(model: SourceModel, roots: string[]): Set<string> {
  const seen = new Set<string>()
  const queue = [...roots]
  for (let name = queue.pop(); name; name = queue.pop()) {
    if (seen.has(name)) continue
    seen.add(name)
    const shape = model.shapes[name]
    if (!shape) throw new Error(`Shape ${name} is missing`)
    for (const member of Object.values(shape.members ?? {})) queue.push(member.shape)
    for (const next of [shape.member, shape.key, shape.value]) if (next) queue.push(next.shape)
  }
  return seen
}

/** AWS's patterns are Java's; the few that JavaScript cannot read are dropped rather than misread. */
function usablePattern(pattern: string | undefined): string | undefined {
  if (!pattern) return undefined
  for (const flags of ['u', '']) {
    try {
      new RegExp(pattern, flags)
      return pattern
    } catch {}
  }
  console.warn(`  pattern not usable, dropped: ${pattern}`)
  return undefined
}

function compactShape(shape: SourceShape): Record<string, unknown> {
  const members = Object.entries(shape.members ?? {})
  const renamed = members.filter(([name, member]) => member.locationName && member.locationName !== name)
  return {
    type: shape.type,
    required: shape.required?.length ? shape.required : undefined,
    members: shape.type === 'structure' ? Object.fromEntries(members.map(([n, m]) => [n, m.shape])) : undefined,
    names: renamed.length ? Object.fromEntries(renamed.map(([n, m]) => [n, m.locationName])) : undefined,
    member: shape.member?.shape,
    memberName: shape.member?.locationName,
    flattened: shape.flattened || undefined,
    key: shape.key?.shape,
    value: shape.value?.shape,
    min: shape.min,
    max: shape.max,
    pattern: usablePattern(shape.pattern),
    enum: shape.enum,
    timestampFormat: shape.timestampFormat,
    error: shape.exception ? { code: shape.error?.code, status: shape.error?.httpStatusCode } : undefined,
  }
}

function extract(name: string, model: SourceModel, wanted: RegExp): Record<string, unknown> {
  const { metadata } = model
  const chosen = Object.entries(model.operations).filter(([operation]) => wanted.test(operation))
  const roots = chosen.flatMap(([, o]) => [o.input, o.output, ...(o.errors ?? [])].flatMap((s) => (s ? [s.shape] : [])))
  const shapes = [...reachable(model, roots)].sort().map((shape) => [shape, compactShape(model.shapes[shape]!)])
  return {
    service: name,
    signingName: metadata.signingName ?? metadata.endpointPrefix,
    apiVersion: metadata.apiVersion,
    protocols: metadata.protocols ?? [metadata.protocol],
    jsonVersion: metadata.jsonVersion,
    targetPrefix: metadata.targetPrefix,
    xmlNamespace: metadata.xmlNamespace,
    operations: Object.fromEntries(
      chosen.map(([operation, o]) => [
        operation,
        {
          input: o.input?.shape,
          output: o.output?.shape,
          resultWrapper: o.output?.resultWrapper,
          errors: o.errors?.map((e) => e.shape),
        },
      ]),
    ),
    others: Object.keys(model.operations).filter((operation) => !wanted.test(operation)),
    shapes: Object.fromEntries(shapes),
  }
}

const source = process.argv[2]
if (!source) {
  console.error('usage: node scripts/update-models.ts DIR   (a directory of <service>/<version>/service-2.json[.gz])')
  process.exit(2)
}
const target = path.join(import.meta.dirname, '..', 'packages', 'aws-simulator', 'src', 'models')
mkdirSync(target, { recursive: true })
for (const [name, wanted] of Object.entries(selection)) {
  const model = readModel(path.join(source, name))
  const text = JSON.stringify(extract(name, model, wanted))
  writeFileSync(path.join(target, `${name}.model.json`), `${text}\n`)
  console.log(`${name}: ${Math.round(text.length / 1024)} KB`)
}
