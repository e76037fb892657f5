import { readFileSync } from 'node:fs'

/** One shape of a service's API model, as `scripts/update-models.ts` extracts it. */
export interface Shape {
  type:
    | 'structure'
    | 'list'
    | 'map'
    | 'string'
    | 'integer'
    | 'long'
    | 'float'
    | 'double'
    | 'boolean'
    | 'timestamp'
    | 'blob'
  required?: string[]
  members?: Record<string, string>
  /** Names on the wire where they differ from the member's (query protocol). */
  names?: Record<string, string>
  member?: string
  memberName?: string
  flattened?: boolean
  key?: string
  value?: string
  min?: number
  max?: number
  pattern?: string
  enum?: string[]
  timestampFormat?: string
  error?: { code?: string; status?: number }
}

export interface OperationModel {
  input?: string
  output?: string
  resultWrapper?: string
  errors?: string[]
}

export interface ServiceModel {
  service: string
  signingName: string
  apiVersion: string
  protocols: string[]
  jsonVersion?: string
  targetPrefix?: string
  xmlNamespace?: string
  operations: Record<string, OperationModel>
  /** Operations that AWS has and the simulator has no shapes for. */
  others: string[]
  shapes: Record<string, Shape>
}

/** Model directory of each name that stands in a request signature. */
const files: Record<string, string> = {
  ecs: 'ecs',
  ecr: 'ecr',
  ssm: 'ssm',
  logs: 'logs',
  elasticloadbalancing: 'elbv2',
  monitoring: 'cloudwatch',
  sts: 'sts',
  iam: 'iam',
  rds: 'rds',
}

const loaded = new Map<string, ServiceModel>()

export const signingNames = Object.keys(files)

/**
 * The API model of a service by the name used in request signatures (`ecs`, `elasticloadbalancing`, …); undefined
 * for a service that is not simulated.
 */
export function serviceModel(signingName: string): ServiceModel | undefined {
  const file = files[signingName]
  if (!file) return undefined
  let model = loaded.get(signingName)
  if (!model) {
    model = JSON.parse(readFileSync(new URL(`../models/${file}.model.json`, import.meta.url), 'utf8')) as ServiceModel
    loaded.set(signingName, model)
  }
  return model
}

/** A shape by name; a missing one is a broken model file. */
export function shapeOf(model: ServiceModel, name: string): Shape {
  const shape = model.shapes[name]
  if (!shape) throw new Error(`${model.service}: the model has no shape ${name}`)
  return shape
}
