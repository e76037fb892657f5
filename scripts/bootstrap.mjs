// Plain JavaScript, because it is the first thing that runs on a clean clone with any Node from 20 on: it installs what is missing, then
// hands over to the Node that GitHub's runners use (devDependency `node`), which runs TypeScript as it is.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const installed = statSync(path.join(root, 'node_modules', '.package-lock.json'), { throwIfNoEntry: false })
const locked = statSync(path.join(root, 'package-lock.json'))

if (!installed || installed.mtimeMs < locked.mtimeMs) {
  // A fresh clone gets exactly what the lockfile says; a working copy only what is missing, without losing what others use at the moment.
  const verb = installed ? 'install' : 'ci'
  console.log(`Installing dependencies (npm ${verb}) …`)
  const npm = process.env.npm_execpath
  const [command, args] = npm ? [process.execPath, [npm, verb]] : ['npm', [verb]]
  const install = spawnSync(command, args, { cwd: root, stdio: 'inherit' })
  if (install.status !== 0) process.exit(install.status ?? 1)
}

const [script, ...args] = process.argv.slice(2)
const binaries = path.join(root, 'node_modules', '.bin')
const packaged = path.join(binaries, 'node')
const node = existsSync(packaged) ? packaged : process.execPath
const run = spawn(node, ['--disable-warning=ExperimentalWarning', path.join(root, script), ...args], {
  cwd: process.env.INIT_CWD && script.startsWith('packages/') ? process.env.INIT_CWD : root,
  stdio: 'inherit',
  env: {
    ...process.env,
    PATH: `${binaries}${path.delimiter}${process.env.PATH}`,
    TURBO_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
  },
})

// Whoever ends us ends the script too. Ctrl-C reaches it by itself, through the terminal.
process.on('SIGINT', () => undefined)
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => run.kill(signal))
if (process.env.npm_lifecycle_event) {
  // npm's shell dies of a signal without passing it on; all we see is another parent.
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && run.kill('SIGTERM'), 500).unref()
}
run.once('error', (error) => {
  console.error(error.message)
  process.exit(1)
})
run.once('close', (status, signal) => {
  if (!signal) process.exit(status ?? 1)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
})
