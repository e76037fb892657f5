/** Error codes of the OCI distribution specification. */
export type RegistryErrorCode =
  | 'BLOB_UNKNOWN'
  | 'BLOB_UPLOAD_INVALID'
  | 'BLOB_UPLOAD_UNKNOWN'
  | 'DENIED'
  | 'DIGEST_INVALID'
  | 'MANIFEST_BLOB_UNKNOWN'
  | 'MANIFEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'SIZE_INVALID'
  | 'TAG_INVALID'
  | 'TOOMANYREQUESTS'
  | 'UNAUTHORIZED'
  | 'UNSUPPORTED'

/** Thrown by the registry; goes out as the specification's error body, or as plain text where `text` is set. */
export class RegistryError extends Error {
  readonly status: number
  readonly code: RegistryErrorCode
  readonly headers: Record<string, string>
  readonly text: string | undefined

  constructor(
    status: number,
    code: RegistryErrorCode,
    message: string,
    options: { headers?: Record<string, string>; text?: string } = {},
  ) {
    super(message)
    this.status = status
    this.code = code
    this.headers = options.headers ?? {}
    this.text = options.text
  }
}
