import { parseImageRef } from '@deploy-actions/ecr/reference'
import type { Shape } from './schema.ts'

/**
 * The only members whose values may stand in a log, a summary or a comment. Everything else can hold a secret:
 * variables, commands, health checks, labels, options of log drivers. `*` stands for any name.
 */
const shownTexts: Record<string, (value: unknown) => string | undefined> = {
  family: text,
  cpu: text,
  memory: text,
  networkMode: text,
  requiresCompatibilities: (value) => (Array.isArray(value) ? value.join(', ') : undefined),
  taskRoleArn: text,
  executionRoleArn: text,
  'runtimePlatform.cpuArchitecture': text,
  'runtimePlatform.operatingSystemFamily': text,
  // `https://user:password@host/…` is not an image.
  'containerDefinitions.*.image': (value) => (parseImageRef(String(value)) ? String(value) : undefined),
  'containerDefinitions.*.portMappings': ports,
  'containerDefinitions.*.logConfiguration.logDriver': text,
  'containerDefinitions.*.logConfiguration.options.awslogs-group': text,
}

/**
 * The value at `place` for a reader; undefined where it could be a secret. Numbers and switches of the API are
 * shown, those in maps are texts.
 */
export function shownValue(place: string, shape: Shape | undefined, value: unknown): string | undefined {
  if (shape?.kind === 'number' || shape?.kind === 'boolean')
    return typeof value === shape.kind ? String(value) : undefined
  return Object.hasOwn(shownTexts, place) ? shownTexts[place]!(value) : undefined
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** `8080/tcp, 80:8080/tcp`: host port first where it is another. */
function ports(value: unknown): string | undefined {
  if (!Array.isArray(value)) return undefined
  return value
    .map(({ containerPort, hostPort, protocol }) => {
      const port = hostPort === undefined || hostPort === containerPort ? containerPort : `${hostPort}:${containerPort}`
      return `${port ?? 'range'}/${protocol === 'udp' ? 'udp' : 'tcp'}`
    })
    .join(', ')
}
