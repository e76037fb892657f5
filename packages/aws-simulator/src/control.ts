import type { IncomingMessage, ServerResponse } from 'node:http'
import { countCalls, type RecordedCall } from './calls.ts'
import { imageOf } from './ecr/images.ts'
import type { EcrRegistries, EcrRegistry, Finding, ScanStatus } from './ecr/registries.ts'
import { repositoryOf } from './ecr/registries.ts'
import type { BehaviourRule, Fault, Scenario, Seed, SeedImage } from './scenario.ts'
import { readBody } from './wire/body.ts'
import { AwsFailure, type ServiceHandlers, type World } from './world.ts'

export interface ControlTarget {
  world: World
  calls: RecordedCall[]
  mistakes: Error[]
  registries: EcrRegistries
  home: EcrRegistry
  services(): Iterable<ServiceHandlers>
  faults: { add(faults: Fault[]): void; clear(): void; list(): Fault[] }
  scenario: Scenario
  seed(seed: Seed): Promise<void>
  addImage(image: SeedImage): string
  setAlarm(name: string, state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA', reason: string): boolean
}

/** What a request to the control endpoint got wrong. */
class ControlError extends Error {}

interface ImageChange {
  registryId?: string
  region?: string
  repository: string
  tag?: string
  digest?: string
  /** Moves the image between storage classes at once. */
  status?: 'ACTIVE' | 'ARCHIVED' | 'ACTIVATING'
  /** What the image's scan says, as from now. */
  scan?: { status?: ScanStatus; description?: string; findings?: Finding[]; enhanced?: boolean }
}

function changeImage(target: ControlTarget, change: ImageChange): unknown {
  const registry = target.registries.of(change.registryId ?? target.home.accountId, change.region ?? target.home.region)
  const manifest = imageOf(registry, repositoryOf(registry, change.repository), {
    imageDigest: change.digest,
    imageTag: change.tag,
  })
  const state = registry.imageOf(manifest)
  if (change.status) {
    state.status = change.status
    if (change.status === 'ARCHIVED') state.archivedAt = target.world.clock.now()
  }
  if (change.scan) state.scan = { startedAt: target.world.clock.now(), ...state.scan, ...change.scan }
  return { digest: manifest.digest, ...state }
}

type Route = (target: ControlTarget, body: never, url: URL) => unknown

/** `METHOD path` → what it does. Everything is JSON; lists are sent as lists. */
const routes: Record<string, Route> = {
  'GET /state': (target) => ({
    now: target.world.clock.now(),
    services: Object.fromEntries([...target.services()].map((service) => [service.signingName, service.state?.()])),
  }),
  'GET /calls': (target, _body, url) => target.calls.slice(Number(url.searchParams.get('since') ?? 0)),
  'GET /counts': (target, _body, url) => countCalls(target.calls.slice(Number(url.searchParams.get('since') ?? 0))),
  'GET /mistakes': (target) => target.mistakes.map((mistake) => mistake.message),
  'GET /faults': (target) => target.faults.list(),
  'POST /faults': (target, body: Fault[]) => target.faults.add(body),
  'DELETE /faults': (target) => target.faults.clear(),
  'GET /behaviours': (target) => target.scenario.behaviours,
  'POST /behaviours': (target, body: BehaviourRule[]) => void target.scenario.behaviours?.unshift(...body),
  'DELETE /behaviours': (target) => void target.scenario.behaviours?.splice(0),
  'POST /seed': (target, body: Seed) => target.seed(body),
  'POST /images': (target, body: SeedImage[]) => body.map((image) => target.addImage(image)),
  'PATCH /images': (target, body: ImageChange[]) => body.map((change) => changeImage(target, change)),
  'POST /expire-tokens': (target) => void target.registries.tokenGeneration++,
  'POST /options': (target, body: Partial<Scenario>) => {
    for (const name of ['ecs', 'logs'] as const) {
      const holder = target.scenario as Record<string, object | undefined>
      if (body[name]) holder[name] = Object.assign(holder[name] ?? {}, body[name])
    }
  },
  'POST /alarms': (target, body: { name: string; state: 'OK' | 'ALARM' | 'INSUFFICIENT_DATA'; reason?: string }[]) => {
    for (const { name, state, reason } of body) {
      if (!target.setAlarm(name, state, reason ?? 'Set by the control endpoint'))
        throw new ControlError(`There is no alarm '${name}'.`)
    }
  },
  'POST /clock': (target, body: { advance: number }) => {
    target.world.clock.advance(body.advance)
    return { now: target.world.clock.now() }
  },
}

/** Answers `/_simulator/…`: how another process looks into the simulator and changes what it does. */
export async function answerControl(
  request: IncomingMessage,
  response: ServerResponse,
  target: ControlTarget,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  const key = `${request.method} ${url.pathname.replace(/^\/_simulator/, '').replace(/\/$/, '')}`
  const respond = (status: number, value: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(`${JSON.stringify(value ?? {})}\n`)
  }
  const route = routes[key]
  if (!route) {
    respond(404, { message: `The control endpoint has no '${key}'. It has: ${Object.keys(routes).join(', ')}.` })
    return
  }
  try {
    const body = await readBody(request)
    respond(200, await route(target, JSON.parse(body.length ? body.toString('utf8') : 'null') as never, url))
  } catch (error) {
    const expected =
      error instanceof SyntaxError ||
      error instanceof AwsFailure ||
      error instanceof ControlError ||
      error instanceof TypeError
    respond(expected ? 400 : 500, { message: (error as Error).message })
  }
}
