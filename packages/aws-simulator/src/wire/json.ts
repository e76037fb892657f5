import { AwsFailure } from '../world.ts'
import type { Protocol } from './protocol.ts'

/**
 * Timestamps are epoch seconds with milliseconds as a fraction; an ISO text would break every SDK's parser. Blobs
 * are base64.
 */
export function toJson(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1000
  if (Buffer.isBuffer(value)) return value.toString('base64')
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, toJson(member)]))
  }
  return value
}

const answer = (version: string, status: number, body: unknown, requestId: string) => {
  const bytes = Buffer.from(JSON.stringify(toJson(body)))
  return {
    status,
    headers: {
      'content-type': `application/x-amz-json-${version}`,
      'x-amzn-requestid': requestId,
      'content-length': String(bytes.length),
    },
    body: bytes,
  }
}

/** AWS JSON 1.0 and 1.1: `POST /` with `X-Amz-Target: Prefix.Operation`. */
export const jsonProtocol: Protocol = {
  name: 'json',
  parse({ headers, body }, model) {
    const target = String(headers['x-amz-target'] ?? '')
    const dot = target.lastIndexOf('.')
    if (dot < 0 || target.slice(0, dot) !== model.targetPrefix) throw new AwsFailure('UnknownOperationException', '')
    try {
      return { operation: target.slice(dot + 1), body: body.length ? JSON.parse(body.toString('utf8')) : {} }
    } catch {
      throw new AwsFailure('SerializationException', '')
    }
  },
  success: (model, _operation, _operationModel, output, requestId) =>
    answer(model.jsonVersion ?? '1.1', 200, output, requestId),
  failure: (model, failure, requestId) =>
    answer(
      model?.jsonVersion ?? '1.1',
      failure.status,
      { __type: failure.name, message: failure.message, ...failure.members },
      requestId,
    ),
}
