/** What Node adds to an error of the operating system, a socket or TLS. */
interface NodeError extends Error {
  code?: unknown
  syscall?: string
  address?: string
  port?: number
  hostname?: string
  path?: string
  errors?: unknown[]
}

const certificates =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+|CERT_\w+|ERR_TLS_CERT_ALTNAME_INVALID|ERR_SSL_\w+|EPROTO)$/
const lost = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE']

/**
 * What to do when a step ends by a failure of the network. Not part of its sentence, which is also said where the
 * work goes on.
 */
export const networkAdvice =
  'Run the job again; if it stays so, check the network, the proxy (HTTPS_PROXY) and AWS_ENDPOINT_URL of this runner.'

/**
 * A failure of the network, TLS or the file system in a sentence, also one behind `cause`; undefined for any other
 * error.
 */
export function machineFailure(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, syscall, address, port, hostname, path, errors, message, cause, name } = error as NodeError
  const peer = address ? `${address}${port ? `:${port}` : ''}` : 'the other side'
  if (code === 'ECONNREFUSED') return `${peerOf(error) ?? peer} refused the connection.`
  if (lost.includes(String(code)) || message === 'socket hang up') return `the connection to ${peer} was lost.`
  // An error without a system call is our own and names what was silent.
  if (code === 'ETIMEDOUT' && !syscall && name !== 'TimeoutError') return message
  if (code === 'ETIMEDOUT' || name === 'TimeoutError') return `${peer} did not answer in time.`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `the host name ${hostname ?? ''} cannot be resolved.`
  if (['EHOSTUNREACH', 'ENETUNREACH'].includes(String(code))) return `${peer} cannot be reached.`
  if (typeof code === 'string' && certificates.test(code))
    return `its certificate is not trusted (${message}). Where a proxy of your own stands between, name its certificate authority in NODE_EXTRA_CA_CERTS.`
  if (/^(HPE_|ERR_PROXY)/.test(String(code))) return `the proxy or server did not speak HTTP as expected (${message}).`
  if (typeof code === 'string' && syscall)
    return `The runner's system refused: ${message}${path && !message.includes(path) ? ` (${path})` : ''}.`
  return machineFailure(cause) ?? errors?.map(machineFailure).find(Boolean)
}

/** Where several addresses were tried, Node tells them one by one. */
function peerOf({ errors = [] }: NodeError): string | undefined {
  const tried = errors.map((one) => one as NodeError).map(({ address, port }) => `${address}:${port}`)
  return tried.length > 0 ? tried.join(' and ') : undefined
}
