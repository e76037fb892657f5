import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type ApiOptions, answerApiCall } from './api.ts'
import type { RecordedCall } from './calls.ts'
import { manualClock, scaledClock } from './clock.ts'
import { answerControl, type ControlTarget } from './control.ts'
import { imageLookup } from './ecr/lookup.ts'
import { ecrRegistries } from './ecr/registries.ts'
import { seedImage } from './ecr/seed-image.ts'
import { faultBox } from './faults.ts'
import { iamHandlers } from './iam/index.ts'
import { rateLimits } from './rate-limits.ts'
import { createRegion, type Region } from './region.ts'
import { registryServer } from './registry-server.ts'
import type { BehaviourRule, Fault, Scenario, Seed, SeedImage } from './scenario.ts'
import type { World } from './world.ts'

export const accountId = '123456789012'
export const homeRegion = 'eu-central-1'

export interface SimulatorOptions {
  /** Default: a free port. */
  port?: number
  /** Simulated seconds per second. Default 1. */
  speed?: number
  /** `manual`: time stands still until `world.clock.advance`. */
  clock?: 'scaled' | 'manual'
  scenario?: Scenario
}

/** A running simulator. */
export interface Simulator {
  /** `http://127.0.0.1:PORT`: the endpoint of every AWS service and of the registry. */
  url: string
  /** Variables that make an AWS SDK or CLI in another process talk to this simulator. */
  env: Record<string, string>
  /**
   * The simulator's time, for processes that shall live in it: `speed` times as fast as the wall clock since
   * `since`, in its milliseconds.
   */
  time: { speed: number; since: number }
  world: World
  /** Every request so far, oldest first. */
  calls: RecordedCall[]
  /** Mistakes of the simulator itself; `close` throws when there were any. */
  mistakes: Error[]
  addFaults(...faults: Fault[]): void
  clearFaults(): void
  /** New rules come before those that are there. */
  addBehaviours(...rules: BehaviourRule[]): void
  seed(seed: Seed): Promise<void>
  /** Makes a small image with a real digest in a repository that exists, and returns the digest. */
  addImage(image: SeedImage): string
  close(): Promise<void>
}

/**
 * Starts the simulator on 127.0.0.1. Resolves when it listens and the scenario's seed exists.
 * Rejects when the port is taken or the seed is refused.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const scenario: Scenario = { ...options.scenario, behaviours: [...(options.scenario?.behaviours ?? [])] }
  const since = Date.now()
  const clock = options.clock === 'manual' ? manualClock() : scaledClock(options.speed, new Date(since))
  const faults = faultBox(scenario.faults)
  const calls: RecordedCall[] = []
  const mistakes: Error[] = []
  const record = (call: RecordedCall) => void calls.push(call)
  const mistake = (error: Error) => {
    mistakes.push(error)
    console.error(error)
  }
  const limits = scenario.rateLimits ? rateLimits(() => clock.now().getTime()) : undefined
  const arn = `arn:aws:sts::${accountId}:assumed-role/deploy/simulator`
  const registries = ecrRegistries(scenario.registry ?? {}, clock.now)
  const home = registries.of(accountId, homeRegion)
  const registry = registryServer({
    registries,
    home,
    homeUrl: () => url,
    now: clock.now,
    faults,
    limits,
    record,
    mistake,
    caller: { accountId, region: homeRegion, arn },
  })
  const iam = iamHandlers(accountId, clock.now())
  const regions = new Map<string, Region>()
  const regionOf = (name: string): Region => {
    const existing = regions.get(name)
    if (existing) return existing
    const region = createRegion({
      accountId,
      region: name,
      clock,
      scenario,
      images: imageLookup(registries, registry.registryOfHost),
      registries,
      endpoints: registry,
      iam,
    })
    regions.set(name, region)
    return region
  }
  const api: ApiOptions = {
    faults,
    limits,
    record,
    mistake,
    service: (signingName, region) => regionOf(region).services.get(signingName),
    callerOf: ({ region }) => ({ accountId, region, arn }),
  }
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? '/'
    if (/^\/v2(\/|$)/.test(path)) return registry.answer(request, response)
    if (path.startsWith('/_simulator/')) return answerControl(request, response, control)
    return answerApiCall(request, response, api)
  }
  const seed = async (wanted: Seed) => {
    for (const service of regionOf(homeRegion).services.values()) await service.seed?.(wanted)
  }
  const addImage = (image: SeedImage) => seedImage(home, image)
  const control: ControlTarget = {
    world: regionOf(homeRegion).world,
    calls,
    mistakes,
    registries,
    home,
    services: () => regionOf(homeRegion).services.values(),
    faults,
    scenario,
    seed,
    addImage,
    setAlarm: regionOf(homeRegion).setAlarm,
  }
  let url = ''
  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => {
      // A client that went away is no mistake of ours.
      if (!request.destroyed && !response.destroyed) api.mistake(error)
      response.destroy()
    })
  })
  // Large blobs may take their time, and a connection must not close under a client that just reuses it.
  server.requestTimeout = 0
  server.keepAliveTimeout = 65_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const simulator: Simulator = {
    url,
    env: clientEnvironment(url),
    time: { speed: clock.speed, since },
    world: regionOf(homeRegion).world,
    calls,
    mistakes,
    addFaults: (...added) => faults.add(added),
    clearFaults: faults.clear,
    addBehaviours: (...rules) => void scenario.behaviours?.unshift(...rules),
    addImage,
    seed,
    async close() {
      clock.stop()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await registry.close()
      for (const region of regions.values()) for (const service of region.services.values()) await service.close?.()
      if (mistakes.length)
        throw new AggregateError(
          mistakes,
          `The simulator made mistakes of its own (${mistakes.length}): ${mistakes[0]?.message}`,
        )
    },
  }
  if (scenario.seed)
    await seed(scenario.seed).catch(async (error: unknown) => {
      // Otherwise the port stays open behind a start that has failed, and the process never ends.
      await simulator.close().catch(() => undefined)
      throw error
    })
  return simulator
}

function clientEnvironment(url: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: url,
    AWS_REGION: homeRegion,
    AWS_DEFAULT_REGION: homeRegion,
    AWS_ACCESS_KEY_ID: 'ASIASIMULATOR0000000',
    AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI0K7MDENGbPxRfiCYsimulator000',
    AWS_SESSION_TOKEN: 'simulator',
    AWS_EC2_METADATA_DISABLED: 'true',
  }
}
