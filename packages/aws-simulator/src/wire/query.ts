import { type ServiceModel, type Shape, shapeOf } from '../model/model.ts'
import { AwsFailure } from '../world.ts'
import type { Protocol } from './protocol.ts'

type Tree = { text?: string; children: Map<string, Tree> }

/** `A.member.1.B=x` as a tree. */
function treeOf(form: URLSearchParams): Tree {
  const root: Tree = { children: new Map() }
  for (const [key, text] of form) {
    let node = root
    for (const part of key.split('.')) {
      let next = node.children.get(part)
      if (!next) {
        next = { children: new Map() }
        node.children.set(part, next)
      }
      node = next
    }
    node.text = text
  }
  return root
}

/**
 * Query parameters carry no types, so reading them needs the shape; what does not parse stays text, and is refused
 * as such later.
 */
function fromTree(model: ServiceModel, shape: Shape, node: Tree): unknown {
  switch (shape.type) {
    case 'structure': {
      const result: Record<string, unknown> = {}
      const names = new Map(Object.keys(shape.members ?? {}).map((member) => [shape.names?.[member] ?? member, member]))
      for (const [key, child] of node.children) {
        const member = names.get(key)
        if (member) result[member] = fromTree(model, shapeOf(model, shape.members?.[member] ?? ''), child)
        else result[key] = child.text ?? {}
      }
      return result
    }
    case 'list': {
      const member = shapeOf(model, shape.member ?? '')
      const holder = shape.flattened
        ? node
        : (node.children.get(shape.memberName ?? 'member') ?? { children: new Map() })
      const numbered = [...holder.children].sort(([a], [b]) => Number(a) - Number(b))
      return numbered.map(([, child]) => fromTree(model, member, child))
    }
    case 'map': {
      const entries = [...(shape.flattened ? node : (node.children.get('entry') ?? node)).children.values()]
      const value = shapeOf(model, shape.value ?? '')
      return Object.fromEntries(
        entries.map((entry) => [
          entry.children.get('key')?.text ?? '',
          fromTree(model, value, entry.children.get('value') ?? { children: new Map() }),
        ]),
      )
    }
    case 'integer':
    case 'long':
    case 'float':
    case 'double':
      return node.text !== undefined && node.text !== '' && Number.isFinite(Number(node.text))
        ? Number(node.text)
        : node.text
    case 'boolean':
      return node.text === 'true' ? true : node.text === 'false' ? false : node.text
    case 'timestamp':
      return node.text === undefined ? undefined : new Date(node.text)
    default:
      return node.text ?? ''
  }
}

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escapeXml = (text: string) => text.replace(/[&<>"]/g, (character) => escapes[character]!)
const element = (name: string, content: string) => (content === '' ? `<${name}/>` : `<${name}>${content}</${name}>`)

function toXml(model: ServiceModel, shape: Shape, value: unknown): string {
  if (shape.type === 'structure') {
    const members = Object.entries(value as Record<string, unknown>)
    return members
      .map(([member, content]) => {
        const memberShape = shapeOf(model, shape.members?.[member] ?? '')
        const name = shape.names?.[member] ?? member
        if (memberShape.type !== 'list' || !memberShape.flattened)
          return element(name, toXml(model, memberShape, content))
        const entry = shapeOf(model, memberShape.member ?? '')
        return (content as unknown[]).map((one) => element(name, toXml(model, entry, one))).join('')
      })
      .join('')
  }
  if (shape.type === 'list') {
    const entry = shapeOf(model, shape.member ?? '')
    return (value as unknown[]).map((one) => element(shape.memberName ?? 'member', toXml(model, entry, one))).join('')
  }
  if (shape.type === 'map') {
    const inner = shapeOf(model, shape.value ?? '')
    return Object.entries(value as Record<string, unknown>)
      .map(([key, one]) =>
        element('entry', element('key', escapeXml(key)) + element('value', toXml(model, inner, one))),
      )
      .join('')
  }
  if (value instanceof Date) return value.toISOString()
  if (Buffer.isBuffer(value)) return value.toString('base64')
  return escapeXml(String(value))
}

const answer = (status: number, xml: string, requestId: string) => {
  const body = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`)
  return {
    status,
    headers: { 'content-type': 'text/xml', 'x-amzn-requestid': requestId, 'content-length': String(body.length) },
    body,
  }
}

/**
 * The code that stands in an XML error: the model's own, which lacks the suffix of the exception's name for many
 * shapes (`DBSnapshotNotFound`).
 */
function errorCode(model: ServiceModel | undefined, name: string): { code: string; status?: number } {
  const error = model?.shapes[name]?.error
  return { code: error?.code ?? name, status: error?.status }
}

/** AWS query: a form with `Action` and `Version`, answered in XML. */
export const queryProtocol: Protocol = {
  name: 'query',
  parse({ body }, model) {
    const form = new URLSearchParams(body.toString('utf8'))
    const operation = form.get('Action') ?? ''
    const version = form.get('Version')
    form.delete('Action')
    form.delete('Version')
    if (!operation) throw new AwsFailure('MissingAction', 'Could not find operation in request.')
    if (version !== model.apiVersion) {
      throw new AwsFailure(
        'InvalidAction',
        `Could not find operation ${operation} for version ${version ?? 'NO_VERSION_SPECIFIED'}`,
      )
    }
    const input = model.operations[operation]?.input
    return { operation, body: input ? fromTree(model, shapeOf(model, input), treeOf(form)) : {} }
  },
  success(model, operation, operationModel, output, requestId) {
    const shape = operationModel.output
    const content = shape ? toXml(model, shapeOf(model, shape), output) : ''
    const result = operationModel.resultWrapper ? element(operationModel.resultWrapper, content) : content
    const metadata = element('ResponseMetadata', element('RequestId', requestId))
    const xml = `<${operation}Response xmlns="${model.xmlNamespace}">${result}${metadata}</${operation}Response>`
    return answer(200, xml, requestId)
  },
  failure(model, failure, requestId) {
    const { code, status } = errorCode(model, failure.name)
    const kind = failure.status >= 500 ? 'Receiver' : 'Sender'
    const error = element('Type', kind) + element('Code', code) + element('Message', escapeXml(failure.message))
    const xml = `<ErrorResponse xmlns="${model?.xmlNamespace ?? ''}">${element('Error', error)}${element('RequestId', requestId)}</ErrorResponse>`
    return answer(status ?? failure.status, xml, requestId)
  },
}
