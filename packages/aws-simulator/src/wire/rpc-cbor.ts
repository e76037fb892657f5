import { AwsFailure } from '../world.ts'
import { decodeCbor, encodeCbor } from './cbor.ts'
import type { Protocol } from './protocol.ts'

const answer = (status: number, value: unknown, requestId: string) => {
  const body = encodeCbor(value)
  return {
    status,
    headers: {
      'content-type': 'application/cbor',
      'smithy-protocol': 'rpc-v2-cbor',
      'x-amzn-requestid': requestId,
      'content-length': String(body.length),
    },
    body,
  }
}

/** Smithy RPC v2 CBOR: `POST /service/<Service>/operation/<Operation>`, what newer SDKs speak with CloudWatch. */
export const rpcCborProtocol: Protocol = {
  name: 'rpc-v2-cbor',
  parse({ path, body }) {
    const operation = /^\/service\/[^/]+\/operation\/([A-Za-z0-9]+)$/.exec(path)?.[1]
    if (!operation) throw new AwsFailure('UnknownOperationException', '')
    try {
      return { operation, body: body.length ? decodeCbor(body) : {} }
    } catch {
      throw new AwsFailure('SerializationException', '')
    }
  },
  success: (_model, _operation, _operationModel, output, requestId) => answer(200, output, requestId),
  failure: (_model, failure, requestId) =>
    answer(failure.status, { __type: failure.name, message: failure.message, ...failure.members }, requestId),
}
