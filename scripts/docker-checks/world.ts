import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { type Simulator, startSimulator } from '@deploy-actions/aws-simulator'
import { type ActionRun, type NodeActionOptions, runNodeAction } from '@deploy-actions/workflow-runner'
import { root } from '../lib/repository.ts'

/** What `.ci/docker.sh` found or started. */
export const found = {
  work: process.env.CHECK_WORK!,
  engine: process.env.CHECK_ENGINE === 'yes',
  buildx: process.env.CHECK_BUILDX === 'yes',
  builder: process.env.CHECK_BUILDER === 'yes',
  registry: process.env.CHECK_REGISTRY || undefined,
  busybox: process.env.CHECK_BUSYBOX!,
}

export const noBuilder = !found.builder && 'there is no BuildKit that writes OCI layouts'
export const noEngine = !(found.engine && found.buildx) && 'no Docker engine with buildx answers'
export const noRegistry = !found.registry && 'docker-registry is not here'
export const emulates = readdirSync(path.join(found.work, 'bin')).some((name) => name.startsWith('buildkit-qemu-'))
export const noSkopeo = !has('skopeo') && 'skopeo is not here'
export const noBusybox = !isFile(found.busybox) && 'busybox-static could not be fetched'

/** Seconds since 1970, as the commit's time. */
export const commitTime = '1748779200'

export interface World {
  simulator: Simulator
  /** Runs the bundle of build-image in a workspace, with the real Docker. */
  build(workspace: string, inputs?: Record<string, string>, options?: Partial<NodeActionOptions>): Promise<ActionRun>
  /** Runs the bundle of push-ecr on what `build` made. */
  push(run: ActionRun, inputs?: Record<string, string>): Promise<ActionRun>
}

export async function openWorld(): Promise<World> {
  const simulator = await startSimulator({ scenario: { seed: { repositories: [{ name: 'shop' }] } } })
  let runs = 0
  const inherited = Object.fromEntries(
    ['PATH', 'HOME', 'DOCKER_HOST', 'DOCKER_CONFIG'].flatMap((name) =>
      process.env[name] ? [[name, process.env[name]]] : [],
    ),
  )
  const run = (action: string, options: Partial<NodeActionOptions>) =>
    runNodeAction({
      action: path.join(root, 'actions', action),
      temp: path.join(found.work, `temp-${runs++}`),
      ...options,
      env: { ...inherited, ...simulator.env, SOURCE_DATE_EPOCH: commitTime, ...options.env },
    })
  return {
    simulator,
    build: (workspace, inputs = {}, options = {}) =>
      run('build-image', { workspace, inputs: { repository: 'shop', builder: 'checks', ...inputs }, ...options }),
    push: ({ outputs }, inputs = {}) =>
      run('push-ecr', {
        inputs: {
          repository: 'shop',
          image: outputs['oci-layout']!,
          digest: outputs.digest!,
          tags: outputs['image-tag']!,
          ...inputs,
        },
      }),
  }
}

/** A folder with files, made anew. A text that begins with `copy:` is the name of a file to copy. */
export function workspace(name: string, files: Record<string, string>): string {
  const folder = path.join(found.work, name)
  for (const [file, content] of Object.entries(files)) {
    const target = path.join(folder, file)
    mkdirSync(path.dirname(target), { recursive: true })
    if (content.startsWith('copy:')) copyFileSync(content.slice(5), target)
    else writeFileSync(target, content)
  }
  return folder
}

/** Every blob of a layout, decompressed, as text in which any secret would show. */
export function blobsOf(layout: string): string[] {
  const folder = path.join(layout, 'blobs/sha256')
  return readdirSync(folder).map((name) => {
    const bytes = readFileSync(path.join(folder, name))
    return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('latin1')
  })
}

export function manifestBytes(layout: string, digest: string): Buffer {
  return readFileSync(path.join(layout, 'blobs', ...digest.split(':')))
}

/** Runs a program and returns its output as text; throws with what it said on any exit code but 0. Not synchronous: the simulator answers in this process. */
export async function text(program: string, args: string[], stdin = ''): Promise<string> {
  return (await output(program, args, stdin)).toString()
}

/** As `text`, with the bytes as they came. */
export async function output(program: string, args: string[], stdin = ''): Promise<Buffer> {
  const child = spawn(program, args, { timeout: 120_000 })
  child.stdin.end(stdin)
  const said: Buffer[] = []
  child.stderr.on('data', (chunk) => said.push(chunk))
  const [stdout, code] = await Promise.all([buffer(child.stdout), once(child, 'close')])
  if (code[0] !== 0)
    throw new Error(`${program} ${args[0]} ended with ${code[0] ?? code[1]}: ${Buffer.concat(said).toString().trim()}`)
  return stdout
}

function has(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function isFile(file: string): boolean {
  try {
    return readFileSync(file).length > 0
  } catch {
    return false
  }
}
