import { createHash } from 'node:crypto'
import { type IncomingHttpHeaders, request } from 'node:http'

export interface HttpAnswer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
  text: string
}

/** One HTTP request with nothing done behind one's back: no redirects, no retries, headers as given. Rejects when the connection breaks. */
export function http(
  method: string,
  url: string | URL,
  options: { headers?: Record<string, string>; body?: Buffer | string } = {},
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const body = options.body === undefined ? undefined : Buffer.from(options.body as string)
    const headers = { 'content-length': String(body?.length ?? 0), ...options.headers }
    const sent = request(url, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () => {
        const whole = Buffer.concat(chunks)
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: whole,
          text: whole.toString('utf8'),
        })
      })
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

export const sha256 = (bytes: Buffer | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
export const sha512 = (bytes: Buffer | string) => `sha512:${createHash('sha512').update(bytes).digest('hex')}`

export const manifestType = 'application/vnd.oci.image.manifest.v1+json'
export const indexType = 'application/vnd.oci.image.index.v1+json'

/** A client of one registry, for tests: every call returns the bare answer. */
export function registryClient(url: string, authorization?: string) {
  const base: Record<string, string> = authorization ? { authorization } : {}
  const send = (
    method: string,
    path: string,
    options: { headers?: Record<string, string>; body?: Buffer | string } = {},
  ) => http(method, new URL(path, url), { ...options, headers: { ...base, ...options.headers } })
  const client = {
    authorization,
    send,
    async putBlob(name: string, bytes: Buffer | string, digest = sha256(bytes)) {
      const session = await send('POST', `/v2/${name}/blobs/uploads/`)
      if (session.status !== 202) return session
      return send('PUT', withDigest(session, digest, url), { body: bytes })
    },
    putManifest: (name: string, reference: string, manifest: Buffer | string | object, type = manifestType) =>
      send('PUT', `/v2/${name}/manifests/${reference}`, {
        headers: { 'content-type': type },
        body: typeof manifest === 'string' || Buffer.isBuffer(manifest) ? manifest : JSON.stringify(manifest),
      }),
    /** Pushes config and layer and returns the manifest that names them, not yet pushed. */
    async blobsOfImage(name: string, content: string, more: object = {}) {
      const config = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', config: {}, content }))
      const layer = Buffer.from(`layer of ${content}`)
      await client.putBlob(name, config)
      await client.putBlob(name, layer)
      const manifest = {
        schemaVersion: 2,
        mediaType: manifestType,
        config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: sha256(config), size: config.length },
        layers: [
          { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: sha256(layer), size: layer.length },
        ],
        ...more,
      }
      return {
        manifest,
        text: JSON.stringify(manifest),
        digest: sha256(JSON.stringify(manifest)),
        config: sha256(config),
        layer: sha256(layer),
      }
    },
  }
  return client
}

/** The commit address of a session: its Location, resolved, with the digest. */
export function withDigest(session: HttpAnswer, digest: string, base: string): string {
  const url = new URL(session.headers.location ?? '', base)
  url.searchParams.set('digest', digest)
  return url.toString()
}
