import type { OperationModel, ServiceModel } from '../model/model.ts'
import type { AwsFailure } from '../world.ts'

/** What an HTTP request asks for, once its protocol is understood. */
export interface ApiRequest {
  operation: string
  /** Decoded, not yet checked against the model. */
  body: unknown
}

export interface HttpAnswer {
  status: number
  headers: Record<string, string>
  body: Buffer
}

/** One of AWS's wire protocols. */
export interface Protocol {
  name: string
  parse(
    request: { path: string; headers: Record<string, string | string[] | undefined>; body: Buffer },
    model: ServiceModel,
  ): ApiRequest
  success(
    model: ServiceModel,
    operation: string,
    operationModel: OperationModel,
    output: unknown,
    requestId: string,
  ): HttpAnswer
  failure(model: ServiceModel | undefined, failure: AwsFailure, requestId: string): HttpAnswer
}
