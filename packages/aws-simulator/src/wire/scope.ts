/** What a request's signature says. The signature itself is not verified: there is no secret to guard. */
export interface CredentialScope {
  accessKeyId: string
  region: string
  service: string
}

/**
 * Reads `AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, …`; undefined when the header is missing
 * or of another kind.
 */
export function credentialScope(authorization: string | undefined): CredentialScope | undefined {
  const match = /^AWS4-HMAC-SHA256\s+.*?Credential=([^/,\s]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request/.exec(
    authorization ?? '',
  )
  if (!match) return undefined
  return { accessKeyId: match[1]!, region: match[3]!, service: match[4]! }
}
