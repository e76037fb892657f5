import { createReadStream, readdirSync, statSync } from 'node:fs'
import { request } from 'node:http'
import path from 'node:path'

// The yardstick: the largest blob of a layout by one POST and one PUT, and nothing else. No hash, no checks, no
// retries.
const [origin = '', repository = '', layout = ''] = process.argv.slice(2)
const blobs = path.join(layout, 'blobs', 'sha256')
const [largest] = readdirSync(blobs)
  .map((name) => ({ name, size: statSync(path.join(blobs, name)).size }))
  .sort((a, b) => b.size - a.size)
const authorization = process.env.REGISTRY_AUTHORIZATION
const headers = authorization ? { authorization } : {}

const session = await fetch(`${origin}/v2/${repository}/blobs/uploads/`, { method: 'POST', headers })
const target = new URL(session.headers.get('location')!, origin)
target.searchParams.set('digest', `sha256:${largest!.name}`)
const status = await new Promise((resolve, reject) => {
  const put = request(target, { method: 'PUT', headers: { ...headers, 'content-length': largest!.size } }, (answer) => {
    answer.resume().on('end', () => resolve(answer.statusCode))
  })
  put.on('error', reject)
  createReadStream(path.join(blobs, largest!.name), { highWaterMark: 512 * 1024 }).pipe(put)
})
if (status !== 201) throw new Error(`status ${status}`)
