import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { countCalls, type Simulator, startSimulator } from '@deploy-actions/aws-simulator'
import { consoleLog, type RunResult, runWorkflow } from '@deploy-actions/workflow-runner'
import { root } from '../lib/repository.ts'
import { accountScenario } from './account.ts'
import { type Consumer, createConsumer } from './consumer.ts'
import type { Chapter, Memory } from './story.ts'
import { type Truth, truthOf } from './truth.ts'

/** Simulated seconds per second: a deployment of minutes takes seconds, and the actions still poll in real time. */
const speed = 60

export interface Stage {
  simulator: Simulator
  consumer: Consumer
  truth: Truth
  /** The engine that builds images, or the stand-in that assembles them from files. */
  builder: string
  /** `signal` cancels the run as the button on GitHub does. */
  play(chapter: Chapter, memory: Memory, options: { write(text: string): void; signal: AbortSignal }): Promise<Shown>
  close(): Promise<void>
}

/** What a run showed: its outputs, its log, and the calls that it made. */
export interface Shown {
  result: RunResult
  conclusion: string
  seconds: number
  digest: string
  verdict: string
  schemaLevel: string
  /** Output `built` of build-image. */
  built: string
  log: string
  apiCalls: Record<string, number>
}

export async function raiseStage(): Promise<Stage> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'deploy-actions-'))
  const simulator = await startSimulator({ speed, scenario: accountScenario() })
  const consumer = createConsumer(path.join(folder, 'hello-service'))
  const docker = dockerAnswers()
  const standIns = {
    PATH: `${path.join(root, 'scripts/stand-ins')}${path.delimiter}${process.env.PATH}`,
    DOCKER_STAND_IN_SKIP: 'RUN',
  }
  const tools = docker ? { PATH: process.env.PATH ?? '' } : standIns
  let runNumber = 0

  return {
    simulator,
    consumer,
    truth: truthOf(simulator),
    builder: docker ?? 'No Docker engine builds here: images are assembled from the files of the example.',
    async play(chapter, memory, { write, signal }) {
      const before = simulator.calls.length
      runNumber++
      const result = await runWorkflow({
        repository: { name: 'acme/hello-service', path: consumer.path, ref: chapter.ref, defaultBranch: 'main' },
        suite: { name: 'org/deploy-actions', path: root },
        workflow: `.github/workflows/${chapter.workflow}`,
        event: { name: chapter.event, actor: 'ada', inputs: chapter.inputs?.(memory) },
        vars: { AWS_REGION: 'eu-central-1', AWS_ROLE_TO_ASSUME: 'arn:aws:iam::123456789012:role/deploy' },
        aws: simulator.env,
        env: tools,
        runNumber,
        onLine: consoleLog(write, { colour: process.stdout.isTTY }),
        signal,
      })
      const output = (name: string) =>
        result.jobs.map((job) => lastOutput(job.steps, name)).find((value) => value) ?? ''
      return {
        result,
        conclusion: result.conclusion,
        seconds: Math.round(result.durationMs / 100) / 10,
        digest: output('digest'),
        verdict: output('verdict'),
        schemaLevel: output('schema-level'),
        built: output('built'),
        log: result.log,
        apiCalls: countCalls(simulator.calls.slice(before)),
      }
    },
    async close() {
      await simulator.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function lastOutput(steps: { outputs: Record<string, string> }[], name: string): string | undefined {
  return steps.map((step) => step.outputs[name]).findLast((value) => value)
}

/** A sentence about the engine when it answers, has buildx and can get the example's base image; undefined otherwise. */
function dockerAnswers(): string | undefined {
  const ask = (...args: string[]) => spawnSync('docker', args, { encoding: 'utf8', timeout: 60_000 })
  const server = ask('version', '--format', '{{.Server.Version}}')
  if (server.status !== 0 || ask('buildx', 'version').status !== 0) return undefined
  if (ask('pull', '--quiet', 'node:24-alpine').status !== 0) return undefined
  return `Docker ${server.stdout.trim()} builds the images.`
}
