import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'

export const haveDockerRegistry = spawnSync('docker-registry', ['--version']).status === 0
export const haveSkopeo = spawnSync('skopeo', ['--version']).status === 0

/** Debian's docker-registry on a free port, with its storage in a temporary folder. */
export async function startDockerRegistry(): Promise<{ origin: string; host: string; close(): Promise<void> }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'docker-registry-'))
  const port = await freePort()
  const config = path.join(folder, 'config.yml')
  writeFileSync(
    config,
    `version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: ${folder}/data}, delete: {enabled: true}}
http: {addr: 127.0.0.1:${port}}
`,
  )
  const child = spawn('docker-registry', ['serve', config], {
    stdio: 'ignore',
    env: { ...process.env, OTEL_TRACES_EXPORTER: 'none' },
  })
  const origin = `http://127.0.0.1:${port}`
  for (let tries = 0; ; tries++) {
    const answer = await fetch(`${origin}/v2/`).catch(() => undefined)
    if (answer?.ok) break
    if (tries > 200) throw new Error('docker-registry did not start')
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  return {
    origin,
    host: `127.0.0.1:${port}`,
    async close() {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill()
      await ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
