import { UserError } from '@deploy-actions/action-kit'
import { type HttpResponse, readAnswer } from './http.ts'

/**
 * A registry's refusal. `code` is one of the OCI distribution specification's error codes, empty when the answer
 * has none.
 */
export class RegistryError extends UserError {
  readonly status: number
  readonly code: string
  /** What the registry said, word for word. */
  readonly said: string
  readonly retryAfterMs: number | undefined

  constructor(
    message: string,
    answer: { status: number; code: string; said: string; retryAfterMs?: number | undefined },
  ) {
    super(message)
    this.status = answer.status
    this.code = answer.code
    this.said = answer.said
    this.retryAfterMs = answer.retryAfterMs
  }
}

export interface Purpose {
  /** Names the request in a sentence: `upload of layer a1b2c3d4e5f6`. */
  what: string
  /** The right that ECR asks for it (ECR user guide: IAM permissions for pushing an image). */
  action: string
}

/** Reads a refusal of the request with that purpose. */
export async function refusal(response: HttpResponse, purpose: Purpose, now: Date): Promise<RegistryError> {
  // ECR answers with JSON, plain text or nothing, depending on which of its layers refuses.
  const text = (await readAnswer(response, 65_536).catch(() => Buffer.alloc(0))).toString('utf8').trim()
  const { code, message } = parseErrorBody(text)
  const { status } = response
  const retryAfterMs = retryAfter(response.headers['retry-after'], now)
  return new RegistryError(sentence(purpose, status, code, message), { status, code, said: message, retryAfterMs })
}

/** Code and text of an error body of either form. */
export function parseErrorBody(text: string): { code: string; message: string } {
  try {
    const { errors } = JSON.parse(text) as { errors?: { code?: unknown; message?: unknown; detail?: unknown }[] }
    const first = errors?.[0]
    if (first) {
      const message = typeof first.message === 'string' ? first.message : ''
      return { code: typeof first.code === 'string' ? first.code : '', message }
    }
  } catch {
    // Not JSON: the text itself is the message.
  }
  return { code: '', message: text.startsWith('<') ? '' : text.slice(0, 1000) }
}

function sentence({ what, action }: Purpose, status: number, code: string, said: string): string {
  const quote = [code, said].filter(Boolean).join(': ') || 'no reason given'
  const denied = said.match(/not authorized to perform: (ecr:\w+)(?: on resource: (\S+))?/)
  if (denied)
    return `The role may not call ${denied[1]}${denied[2] ? ` on ${denied[2]}` : ''}. Allow ${denied[1]} in the policy of the role that this job assumes (and in the repository's policy when it belongs to another account), then run the job again.`
  // An answer to HEAD has no body that could say which right is missing.
  if (status === 403 && !said)
    return `The registry refused the ${what} with status 403 and without a reason. Most likely the role may not call ${action}: allow it in the policy of the role that this job assumes (and in the repository's policy when it belongs to another account), then run the job again.`
  const hint = said.includes('does not have any parts')
    ? ' ECR takes no empty blobs; build the image without the artifact or layer of zero bytes.'
    : status === 405 && said.includes('Invalid JSON syntax')
      ? ' ECR reads manifests strictly: it refuses extra fields inside "config" or "subject", and some artifact types. Build without the attestation or tool that adds them; the manifest itself can\'t be changed without changing the digest.'
      : status === 405 && said.includes('number of layers')
        ? ' Merge layers, for example by a final stage that copies what the image needs.'
        : status === 413
          ? ' ECR takes manifests of up to 4 MiB.'
          : ''
  return `The registry refused the ${what} with status ${status} (${quote}).${hint}`
}

/** Milliseconds of a Retry-After header in either form. */
export function retryAfter(header: string | undefined, now: Date): number | undefined {
  if (!header) return undefined
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime())
}
