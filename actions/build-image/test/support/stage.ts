import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { ECRClient, GetAuthorizationTokenCommand, UpdateImageStorageClassCommand } from '@aws-sdk/client-ecr'
import { type Log, systemClock } from '@deploy-actions/action-kit'
import { type Scenario, type Simulator, startSimulator } from '@deploy-actions/aws-simulator'
import { openOciLayout, openRegistry, plainAccess, pushImage } from '@deploy-actions/ecr'
import { type ActionRun, type NodeActionOptions, runNodeAction } from '@deploy-actions/workflow-runner'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const standIns = path.join(root, 'scripts/stand-ins')
/** The stand-in itself, for scripts that come between. */
export const standInDocker = `'${process.execPath}' '${path.join(standIns, 'docker.mjs')}'`
const action = path.join(root, 'actions/build-image')
const quiet: Log = { info() {}, debug() {}, notice() {}, warning() {}, error() {}, group: async (_, body) => body() }

/** 2025-06-01T12:00:00Z, as the time of the commit. */
export const commitTime = '1748779200'

export interface Invocation {
  argv: string[]
  env: string[]
}

/** A workspace with an application in it, the simulator, and the action as a process with the Docker stand-in on its PATH. */
export async function stage(scenario: Scenario = {}) {
  const simulator = await startSimulator({
    scenario: { ...scenario, seed: { repositories: [{ name: 'shop' }], ...scenario.seed } },
  })
  const folder = mkdtempSync(path.join(tmpdir(), 'build-image-'))
  const workspace = path.join(folder, 'workspace')
  const programs = path.join(folder, 'programs')
  const record = path.join(folder, 'docker.jsonl')
  mkdirSync(programs)
  // Nothing but these: whatever the machine has must not answer in the stand-in's place.
  symlinkSync('/bin/sh', path.join(programs, 'sh'))
  symlinkSync('/usr/bin/dirname', path.join(programs, 'dirname'))
  symlinkSync(process.execPath, path.join(programs, 'node'))
  files(workspace, {
    Dockerfile: 'FROM node:24-alpine\nWORKDIR /app\nCOPY src ./src\nCMD ["node", "src/server.js"]\n',
    'src/server.js': 'console.log("hello")\n',
    'migrations/001_init.sql': 'CREATE TABLE greeting (text varchar(80));\n',
  })

  return {
    simulator,
    folder,
    workspace,
    write: (entries: Record<string, string>) => files(workspace, entries),
    /** Runs the action. `docker: 'none'` leaves no such program on the PATH; a text is the folder that holds one. */
    run(
      inputs: Record<string, string> = {},
      options: Partial<NodeActionOptions> & { docker?: string } = {},
    ): Promise<ActionRun> {
      const { docker = standIns, ...rest } = options
      return runNodeAction({
        action,
        inputs: { repository: 'shop', platforms: 'linux/amd64', ...inputs },
        workspace,
        temp: path.join(folder, 'temp'),
        ...rest,
        env: {
          ...simulator.env,
          PATH: docker === 'none' ? programs : `${docker}:${programs}`,
          DOCKER_STAND_IN_RECORD: record,
          DOCKER_STAND_IN_STORE: path.join(folder, 'store'),
          SOURCE_DATE_EPOCH: commitTime,
          ...rest.env,
        },
      })
    },
    /** What the stand-in was asked since the start. */
    dockerCalls(): Invocation[] {
      if (!existsSync(record)) return []
      return readFileSync(record, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
    },
    /** Does push-ecr's work: the image of a run goes to the simulator under the tag of its key. */
    async push(run: ActionRun): Promise<void> {
      const registry = openRegistry(plainAccess(simulator.url, await basicToken(simulator)), {
        clock: systemClock,
        log: quiet,
      })
      await pushImage(await openOciLayout(run.outputs['oci-layout']!), registry, 'shop', [run.outputs['image-tag']!])
    },
    async archive(imageDigest: string): Promise<void> {
      await client(simulator).send(
        new UpdateImageStorageClassCommand({
          repositoryName: 'shop',
          imageId: { imageDigest },
          targetStorageClass: 'ARCHIVE',
        }),
      )
    },
    ecrCalls: () => simulator.calls.filter(({ service }) => service === 'ecr').map(({ operation }) => operation),
    async close() {
      await simulator.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export type Stage = Awaited<ReturnType<typeof stage>>

function client({ env, url }: Simulator): ECRClient {
  const credentials = { accessKeyId: env.AWS_ACCESS_KEY_ID!, secretAccessKey: env.AWS_SECRET_ACCESS_KEY! }
  return new ECRClient({ region: env.AWS_REGION!, endpoint: url, credentials })
}

async function basicToken(simulator: Simulator): Promise<string> {
  const { authorizationData } = await client(simulator).send(new GetAuthorizationTokenCommand({}))
  return `Basic ${authorizationData![0]!.authorizationToken}`
}

/** Writes files below `folder`. */
export function files(folder: string, entries: Record<string, string | Buffer>): string {
  for (const [name, content] of Object.entries(entries)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    writeFileSync(path.join(folder, name), content)
  }
  return folder
}

/** A folder with a program called `docker`, written in shell. */
export function dockerScript(folder: string, script: string): string {
  const bin = path.join(folder, 'fake-docker')
  mkdirSync(bin, { recursive: true })
  writeFileSync(path.join(bin, 'docker'), `#!/bin/sh\n${script}`)
  chmodSync(path.join(bin, 'docker'), 0o755)
  return bin
}

/** A blob of a layout, read as JSON. */
export function jsonBlob(layout: string, digest: string) {
  return JSON.parse(readFileSync(path.join(layout, 'blobs', ...digest.split(':')), 'utf8'))
}

/** The config of a layout's only image. */
export function imageConfig(layout: string) {
  const index = JSON.parse(readFileSync(path.join(layout, 'index.json'), 'utf8'))
  return jsonBlob(layout, jsonBlob(layout, index.manifests[0].digest).config.digest)
}
