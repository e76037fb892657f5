import path from 'node:path'
import { type Scenario, type Simulator, startSimulator } from '@deploy-actions/aws-simulator'
import { type ActionRun, runNodeAction } from '@deploy-actions/workflow-runner'
import { root } from '../lib/repository.ts'

export type Report = (figure: { name: string; value: number; unit: string; [detail: string]: unknown }) => void

export const bundle = (name: string) => path.join(root, 'actions', name)

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

export const rounded = (value: number, digits = 2) => Number(value.toFixed(digits))

/** Starts a simulator for the length of `use`. */
export async function withSimulator<T>(
  options: { speed?: number; scenario: Scenario },
  use: (simulator: Simulator) => Promise<T>,
): Promise<T> {
  const simulator = await startSimulator(options)
  try {
    return await use(simulator)
  } finally {
    await simulator.close()
  }
}

/** Runs a bundle and fails the benchmark, with its log, when the step does not end green. */
export async function green(
  name: string,
  inputs: Record<string, string>,
  env: Record<string, string>,
): Promise<ActionRun> {
  const run = await runNodeAction({ action: bundle(name), inputs, env })
  if (run.exitCode !== 0) throw new Error(`${name} ended with ${run.exitCode}:\n${run.log}`)
  return run
}

/** Services `web-1` … of one cluster, each long since deployed on `web:1`; `web:2` is there to go to, and `web:3` writes a log. */
export function fleet(count: number, options: { desiredCount?: number } = {}): Scenario['seed'] {
  const executionRoleArn = 'arn:aws:iam::123456789012:role/execution'
  const logConfiguration = {
    logDriver: 'awslogs',
    options: { 'awslogs-group': '/bench', 'awslogs-region': 'eu-central-1', 'awslogs-stream-prefix': 'app' },
  }
  const definition = {
    family: 'web',
    requiresCompatibilities: ['FARGATE'],
    networkMode: 'awsvpc',
    cpu: '256',
    memory: '512',
    containerDefinitions: [{ name: 'app', image: 'public.ecr.aws/example/web:1', essential: true }],
  }
  return {
    clusters: ['bench'],
    taskDefinitions: [
      definition,
      { ...definition, cpu: '512', memory: '1024' },
      {
        ...definition,
        executionRoleArn,
        containerDefinitions: [{ ...definition.containerDefinitions[0], logConfiguration }],
      },
    ],
    services: Array.from({ length: count }, (_, index) => ({
      cluster: 'bench',
      serviceName: `web-${index + 1}`,
      taskDefinition: 'web:1',
      desiredCount: options.desiredCount ?? 2,
      launchType: 'FARGATE',
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-0a1b2c3d'], securityGroups: ['sg-0a1b2c3d'] } },
      deploymentConfiguration: { deploymentCircuitBreaker: { enable: true, rollback: true } },
      stable: true,
    })),
  }
}
