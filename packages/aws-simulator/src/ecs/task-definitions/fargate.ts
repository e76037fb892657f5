import type { RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs'
import { clientError } from '../errors.ts'

const gib = (from: number, to: number, step = 1) =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => (from + index * step) * 1024)

/** Memory in MiB that Fargate takes for each CPU size. ECS guide: "Task definition parameters", task size. */
const SIZES: Record<number, number[]> = {
  256: [512, 1024, 2048],
  512: gib(1, 4),
  1024: gib(2, 8),
  2048: gib(4, 16),
  4096: gib(8, 30),
  8192: gib(16, 60, 4),
  16384: gib(32, 120, 8),
  32768: [...gib(60, 60), ...gib(120, 120), ...gib(184, 184), ...gib(244, 244)],
}

/** `512`, `.5 vCPU`, `1 GB` in CPU units or MiB; undefined when it is none of these. */
function units(text: string, perUnit: number, unit: RegExp): number | undefined {
  const plain = text.trim()
  if (/^\d+$/.test(plain)) return Number(plain)
  const match = unit.exec(plain)
  return match ? Math.round(Number(match[1]) * perUnit) : undefined
}
export const cpuUnits = (text: string) => units(text, 1024, /^(\d*\.?\d+)\s*vcpu$/i)
export const memoryMiB = (text: string) => units(text, 1024, /^(\d*\.?\d+)\s*gb$/i)

/** What Fargate asks of a task definition. Throws ClientException in ECS's words. */
export function checkFargate(request: RegisterTaskDefinitionRequest): void {
  if (request.networkMode !== 'awsvpc') throw clientError("Fargate only supports network mode 'awsvpc'.")
  if (!request.cpu) throw clientError("Fargate requires that 'cpu' be defined at the task level.")
  if (!request.memory) throw clientError("Fargate requires that 'memory' be defined at the task level.")
  const cpu = cpuUnits(request.cpu)
  const memory = memoryMiB(request.memory)
  if (cpu === undefined) throw clientError(`Invalid 'cpu' setting for task. Value: ${request.cpu}`)
  if (memory === undefined) throw clientError(`Invalid 'memory' setting for task. Value: ${request.memory}`)
  if (!SIZES[cpu]?.includes(memory)) {
    throw clientError(
      `No Fargate configuration exists for given values: ${cpu} CPU, ${memory} memory. See the Amazon ECS documentation for the valid values.`,
    )
  }
  if (request.executionRoleArn) return
  for (const container of request.containerDefinitions ?? []) {
    if (container.logConfiguration?.logDriver === 'awslogs') {
      throw clientError('Fargate requires task definition to have execution role ARN to support log driver awslogs.')
    }
    if (container.secrets?.length) {
      throw clientError(
        'Fargate requires task definition to have execution role ARN to support SSM/SecretsManager secrets.',
      )
    }
    if (/^\d{12}\.dkr\.ecr\./.test(container.image ?? '')) {
      throw clientError('Fargate requires task definition to have execution role ARN to support ECR images.')
    }
  }
}
