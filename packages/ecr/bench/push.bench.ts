import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { countCalls, type Simulator, startSimulator } from '@deploy-actions/aws-simulator'
import { repositoryNode } from '@deploy-actions/workflow-runner'
import { haveDockerRegistry, haveSkopeo, startDockerRegistry } from '../test/support/docker-registry.ts'
import { bigLayout } from './big-layout.ts'

type Report = (figure: { name: string; value: number; unit: string; [detail: string]: unknown }) => void

const bundle = fileURLToPath(new URL('../../../actions/push-ecr/dist/index.js', import.meta.url))
const plainUpload = fileURLToPath(new URL('plain-upload.ts', import.meta.url))
const pushOnly = fileURLToPath(new URL('push-only.ts', import.meta.url))
const megabyte = 1024 * 1024
const rounds = 3

/**
 * push-ecr against the simulator's registry and docker-registry, beside a plain HTTP upload of the same bytes and
 * skopeo.
 */
export async function bench(report: Report): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'push-bench-'))
  const simulator = await startSimulator({ scenario: { seed: { repositories: [{ name: 'bench' }] } } })
  try {
    await noOp(report, simulator, folder)
    await throughput(report, simulator, folder)
    await memory(report, simulator, folder)
  } finally {
    await simulator.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

async function noOp(report: Report, simulator: Simulator, folder: string): Promise<void> {
  const layout = await bigLayout(path.join(folder, 'small'), megabyte, 'no-op')
  await pushEcr(simulator, layout)
  const seconds: number[] = []
  let calls: Record<string, number> = {}
  for (let round = 0; round < rounds; round++) {
    const from = simulator.calls.length
    seconds.push((await pushEcr(simulator, layout)).seconds)
    calls = countCalls(simulator.calls.slice(from))
  }
  const count = Object.values(calls).reduce((sum, number) => sum + number, 0)
  report({ name: 'push-ecr.no-op.requests', value: count, unit: 'requests', budget: 4, calls })
  report({ name: 'push-ecr.no-op.seconds', value: median(seconds), unit: 's' })
}

async function throughput(report: Report, simulator: Simulator, folder: string): Promise<void> {
  const bytes = 512 * megabyte
  const own: number[] = []
  const plain: number[] = []
  for (let round = 0; round < rounds; round++) {
    const layout = await bigLayout(path.join(folder, 'large'), bytes, `throughput ${round}`)
    // Both directions of order, so that neither always finds the file in the page cache first.
    const measure = {
      own: async () => own.push((await pushEcr(simulator, layout)).seconds),
      plain: async () =>
        plain.push((await run([plainUpload, simulator.url, 'bench', layout], await credentials(simulator))).seconds),
    }
    for (const which of round % 2 ? (['own', 'plain'] as const) : (['plain', 'own'] as const)) {
      await measure[which]()
      // The second must not find the blob: the simulator forgets the repository.
      await recreate(simulator)
    }
    rmSync(layout, { recursive: true })
  }
  const ratio = median(plain) / median(own)
  report({
    name: 'push-ecr.throughput',
    value: bytes / 1e6 / median(own),
    unit: 'MB/s',
    registry: 'simulator',
    bytes,
    seconds: own,
  })
  report({
    name: 'plain-http.throughput',
    value: bytes / 1e6 / median(plain),
    unit: 'MB/s',
    registry: 'simulator',
    seconds: plain,
  })
  report({ name: 'push-ecr.throughput-ratio', value: ratio, unit: 'of plain HTTP', registry: 'simulator', budget: 0.8 })
  if (!haveDockerRegistry) return
  await againstDockerRegistry(report, folder, bytes)
  if (spawnSync('docker', ['info']).status === 0) await againstDockerPush(report, folder)
}

/** An image of the local daemon, which both have to compress on the way. */
async function againstDockerPush(report: Report, folder: string): Promise<void> {
  const name = `deploy-actions-bench:${process.pid}`
  const times: Record<'own' | 'docker', number[]> = { own: [], docker: [] }
  const bytes = 128 * megabyte
  for (let round = 0; round < rounds; round++) {
    const layout = await bigLayout(path.join(folder, 'daemon'), bytes, `daemon ${round}`)
    const imported = spawnSync('sh', ['-c', `tar -C "${layout}" -c . | docker import - ${name}`])
    if (imported.status !== 0) throw new Error(`docker import: ${imported.stderr}`)
    for (const which of ['own', 'docker'] as const) {
      const server = await startDockerRegistry()
      const target = `${server.host}/bench:1`
      spawnSync('docker', ['tag', name, target])
      const docker: Record<string, string> = process.env.DOCKER_HOST ? { DOCKER_HOST: process.env.DOCKER_HOST } : {}
      times[which].push(
        (which === 'own'
          ? await run([pushOnly, server.origin, 'bench', `docker://${name}`], docker)
          : await run(['push', '--quiet', target], docker, 'docker')
        ).seconds,
      )
      spawnSync('docker', ['rmi', target])
      await server.close()
    }
    spawnSync('docker', ['rmi', name])
    rmSync(layout, { recursive: true })
  }
  const registry = 'docker-registry'
  report({
    name: 'docker-push.seconds',
    value: median(times.docker),
    unit: 's',
    registry,
    bytes,
    seconds: times.docker,
  })
  report({
    name: 'push-daemon-image.seconds',
    value: median(times.own),
    unit: 's',
    registry,
    bytes,
    seconds: times.own,
  })
  report({
    name: 'push-daemon-image.ratio',
    value: median(times.own) / median(times.docker),
    unit: 'of docker push',
    registry,
    budget: 1.2,
  })
}

async function againstDockerRegistry(report: Report, folder: string, bytes: number): Promise<void> {
  const times: Record<'own' | 'plain' | 'skopeo', number[]> = { own: [], plain: [], skopeo: [] }
  for (let round = 0; round < rounds; round++) {
    const layout = await bigLayout(path.join(folder, 'large'), bytes, `docker-registry ${round}`)
    for (const which of ['own', 'plain', 'skopeo'] as const) {
      if (which === 'skopeo' && !haveSkopeo) continue
      // A registry of its own for each, for a blob that is there would not be sent.
      const server = await startDockerRegistry()
      const target = `docker://${server.host}/bench:1`
      const commands = {
        own: () => run([pushOnly, server.origin, 'bench', layout]),
        plain: () => run([plainUpload, server.origin, 'bench', layout]),
        skopeo: () => run(['copy', '--quiet', '--dest-tls-verify=false', `oci:${layout}`, target], {}, 'skopeo'),
      }
      times[which].push((await commands[which]()).seconds)
      await server.close()
    }
    rmSync(layout, { recursive: true })
  }
  const speed = (seconds: number[]) => bytes / 1e6 / median(seconds)
  const registry = 'docker-registry'
  report({ name: 'push.throughput', value: speed(times.own), unit: 'MB/s', registry, seconds: times.own })
  report({ name: 'plain-http.throughput', value: speed(times.plain), unit: 'MB/s', registry, seconds: times.plain })
  report({
    name: 'push.throughput-ratio',
    value: median(times.plain) / median(times.own),
    unit: 'of plain HTTP',
    registry,
    budget: 0.8,
  })
  if (!haveSkopeo) return
  report({ name: 'skopeo-copy.throughput', value: speed(times.skopeo), unit: 'MB/s', registry, seconds: times.skopeo })
  report({
    name: 'push.throughput-ratio',
    value: median(times.skopeo) / median(times.own),
    unit: 'of skopeo copy',
    registry,
  })
}

async function memory(report: Report, simulator: Simulator, folder: string): Promise<void> {
  if (process.platform !== 'linux') return
  const layout = await bigLayout(path.join(folder, 'huge'), 2048 * megabyte, 'memory')
  const { peakBytes, seconds } = await pushEcr(simulator, layout)
  report({
    name: 'push-ecr.resident-memory',
    value: Math.round(peakBytes / 1e6),
    unit: 'MB',
    layerBytes: 2048 * megabyte,
    seconds,
    budget: 120,
  })
}

function pushEcr(simulator: Simulator, image: string) {
  return run([bundle], {
    ...simulator.env,
    INPUT_REPOSITORY: 'bench',
    INPUT_IMAGE: image,
    INPUT_TAGS: 'bench',
    GITHUB_SHA: '0'.repeat(40),
    RUNNER_TEMP: tmpdir(),
  })
}

/** Runs a process to its end; the peak of its resident memory where the kernel tells it. */
async function run(args: string[], env: Record<string, string> = {}, program = repositoryNode()) {
  const started = performance.now()
  const child = spawn(program, args, { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  let peakBytes = 0
  const sample = setInterval(() => {
    peakBytes = Math.max(peakBytes, highWater(child.pid!))
  }, 20)
  const code = await new Promise((resolve) => child.once('close', resolve))
  clearInterval(sample)
  if (code !== 0) throw new Error(`${program} ${args[0]} ended with ${code}:\n${output}`)
  return { seconds: (performance.now() - started) / 1000, peakBytes, output }
}

/** The kernel's own high-water mark of a process (proc(5): VmHWM). */
function highWater(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmHWM:\s+(\d+) kB/)?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}

async function ecrOf(simulator: Simulator) {
  const { ECRClient, ...commands } = await import('@aws-sdk/client-ecr')
  const credentials = { accessKeyId: 'ASIATEST000000000000', secretAccessKey: 'test', sessionToken: 'test' }
  return { ecr: new ECRClient({ region: 'eu-central-1', endpoint: simulator.url, credentials }), ...commands }
}

async function recreate(simulator: Simulator): Promise<void> {
  const { ecr, DeleteRepositoryCommand, CreateRepositoryCommand } = await ecrOf(simulator)
  await ecr.send(new DeleteRepositoryCommand({ repositoryName: 'bench', force: true }))
  await ecr.send(new CreateRepositoryCommand({ repositoryName: 'bench' }))
  ecr.destroy()
}

async function credentials(simulator: Simulator): Promise<Record<string, string>> {
  const { ecr, GetAuthorizationTokenCommand } = await ecrOf(simulator)
  const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}))
  ecr.destroy()
  return { REGISTRY_AUTHORIZATION: `Basic ${authorizationData![0]!.authorizationToken}` }
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
}
