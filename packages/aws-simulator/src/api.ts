import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { accessDenied, passRoleDenied, rolesPassed, tagsOnCreation } from './access.ts'
import type { RecordedCall } from './calls.ts'
import type { FaultBox, FaultEffect } from './faults.ts'
import { readInput } from './model/input.ts'
import { type ServiceModel, serviceModel } from './model/model.ts'
import { checkOutput } from './model/output.ts'
import { refusal } from './model/refusal.ts'
import type { RateLimits } from './rate-limits.ts'
import { readBody } from './wire/body.ts'
import { jsonProtocol } from './wire/json.ts'
import type { HttpAnswer, Protocol } from './wire/protocol.ts'
import { queryProtocol } from './wire/query.ts'
import { rpcCborProtocol } from './wire/rpc-cbor.ts'
import { type CredentialScope, credentialScope } from './wire/scope.ts'
import { AwsFailure, type Caller, type ServiceHandlers } from './world.ts'

export interface ApiOptions {
  faults: FaultBox
  limits: RateLimits | undefined
  record(call: RecordedCall): void
  /** A mistake of the simulator itself: an answer that AWS could not have given, or an exception in a handler. */
  mistake(error: Error): void
  service(signingName: string, region: string): Promise<ServiceHandlers | undefined> | ServiceHandlers | undefined
  callerOf(scope: CredentialScope): Omit<Caller, 'requestId'>
}

/** Marks an answer that must be lost on the way. */
type Loss = Extract<FaultEffect, { kind: 'drop' }>['when']

function protocolOf(request: IncomingMessage): Protocol {
  if (request.headers['smithy-protocol'] === 'rpc-v2-cbor') return rpcCborProtocol
  const type = request.headers['content-type'] ?? ''
  return type.startsWith('application/x-www-form-urlencoded') ? queryProtocol : jsonProtocol
}

/** Answers one call of an AWS API: signature → service → protocol → faults → model → handler → model. */
export async function answerApiCall(
  request: IncomingMessage,
  response: ServerResponse,
  options: ApiOptions,
): Promise<void> {
  const requestId = randomUUID()
  const body = await readBody(request)
  const scope = credentialScope(request.headers.authorization)
  const protocol = protocolOf(request)
  const model = scope && serviceModel(scope.service)
  const call: RecordedCall = {
    time: new Date(),
    service: scope?.service ?? 'unknown',
    operation: 'unknown',
    region: scope?.region ?? '',
    input: {},
    outcome: 'ok',
    status: 200,
    warnings: [],
    bytes: body.length,
  }
  options.record(call)
  let loss: Loss | undefined
  let answer: HttpAnswer
  try {
    if (!scope)
      throw new AwsFailure('MissingAuthenticationTokenException', 'Missing Authentication Token', { status: 403 })
    if (!model) throw notSimulated(`The simulator has no service '${scope.service}'.`)
    const parsed = protocol.parse({ path: request.url ?? '/', headers: request.headers, body }, model)
    call.operation = parsed.operation
    call.input = parsed.body
    const caller = { ...options.callerOf(scope), requestId }
    loss = await applyFaults(options.faults, call, body, caller)
    if (loss === 'before') {
      call.outcome = 'dropped'
      request.socket.destroy()
      return
    }
    if (options.limits && !options.limits.allow(call.service, call.operation)) throw throttled(call.service)
    const output = await run(model, call, caller, options)
    answer = protocol.success(model, call.operation, model.operations[call.operation]!, output, requestId)
  } catch (error) {
    const failure = asFailure(error, options)
    call.outcome = failure.name
    answer = withInjected(protocol.failure(model, failure, requestId), injected.get(failure))
  }
  call.status = answer.status
  if (loss) call.outcome = 'dropped'
  send(response, answer, loss)
}

type InjectedError = Extract<FaultEffect, { kind: 'error' }>
/** Body and headers that a fault dictates, beside the error it throws. */
const injected = new WeakMap<AwsFailure, InjectedError>()

function withInjected(answer: HttpAnswer, effect: InjectedError | undefined): HttpAnswer {
  const body = effect?.body === undefined ? answer.body : Buffer.from(effect.body)
  return { ...answer, body, headers: { ...answer.headers, ...effect?.headers, 'content-length': String(body.length) } }
}

async function run(model: ServiceModel, call: RecordedCall, caller: Caller, options: ApiOptions): Promise<unknown> {
  const operation = model.operations[call.operation]
  const service = operation && (await options.service(call.service, caller.region))
  const handler = service?.operations[call.operation] as ((input: unknown, caller: Caller) => unknown) | undefined
  if (!operation || !handler) {
    if (!operation && !model.others.includes(call.operation)) {
      throw new AwsFailure('UnknownOperationException', `Unknown operation ${call.operation}`)
    }
    throw notSimulated(`The simulator does not implement ${call.service}:${call.operation}.`)
  }
  const { input, violations, unknown } = readInput(model, operation.input, call.input)
  call.warnings.push(...unknown.map((path) => `${call.operation}: AWS knows no member '${path}' and ignores it`))
  const refused = refusal(call.service, call.operation, violations)
  if (refused) throw refused
  return checkOutput(model, call.operation, operation.output, await handler(input, caller))
}

async function applyFaults(
  faults: FaultBox,
  call: RecordedCall,
  body: Buffer,
  caller: Caller,
): Promise<Loss | undefined> {
  const effects = faults.take({ service: call.service, operation: call.operation, text: body.toString('utf8') })
  let loss: Loss | undefined
  for (const effect of effects) {
    if (effect.kind === 'delay') await sleep(effect.milliseconds)
    else if (effect.kind === 'deny') throw accessDenied(call.service, call.operation, call.input, caller)
    else if (effect.kind === 'drop') loss ??= effect.when
    else if (effect.kind === 'error') {
      const status =
        effect.status ?? (/^(Internal.*|Server(Exception|Error)|ServiceUnavailable.*)$/.test(effect.name) ? 500 : 400)
      const failure = new AwsFailure(effect.name, effect.message ?? defaultMessage(effect.name), { status })
      injected.set(failure, effect)
      throw failure
    }
  }
  for (const role of rolesPassed(call.service, call.input)) {
    if (faults.take({ service: 'iam', operation: 'PassRole', text: role }, 'deny').length)
      throw passRoleDenied(role, caller)
  }
  const tagging = { service: 'ecs', operation: 'TagResource', text: '' }
  if (tagsOnCreation(call.service, call.operation, call.input) && faults.take(tagging, 'deny').length)
    throw accessDenied('ecs', 'TagResource', call.input, caller)
  return loss
}

const defaultMessage = (name: string) => (name.startsWith('Throttling') ? 'Rate exceeded' : '')

// 501, because SDKs retry other 5xx answers and would hide the plain statement behind three attempts.
const notSimulated = (message: string) => new AwsFailure('NotSimulated', message, { status: 501 })

const throttled = (service: string) =>
  new AwsFailure(service === 'elasticloadbalancing' ? 'Throttling' : 'ThrottlingException', 'Rate exceeded')

function asFailure(error: unknown, options: ApiOptions): AwsFailure {
  if (error instanceof AwsFailure) return error
  const mistake = error instanceof Error ? error : new Error(String(error))
  options.mistake(mistake)
  return new AwsFailure('SimulatorMistake', mistake.message, { status: 501 })
}

function send(response: ServerResponse, answer: HttpAnswer, loss: Loss | undefined): void {
  if (loss === 'after') {
    response.socket?.destroy()
    return
  }
  response.writeHead(answer.status, answer.headers)
  if (loss === 'mid-body') {
    response.write(answer.body.subarray(0, Math.floor(answer.body.length / 2)), () => response.socket?.destroy())
    return
  }
  response.end(answer.body)
}
