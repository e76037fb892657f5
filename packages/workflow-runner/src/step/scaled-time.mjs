// Loaded by `node --import` before an action, for tests only: time in this process runs `speed` times as fast as the wall clock, in step
// with a simulator that was started at `since`. Plain JavaScript, because a preload in TypeScript would cost each process its compiler.
import { subscribe } from 'node:diagnostics_channel'
import { enableCompileCache, syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import timers from 'node:timers'
import promises from 'node:timers/promises'
import { promisify } from 'node:util'
// Loaded now, so that Node's own network code keeps the real timers.
import 'node:https'

// The same bundle is started hundreds of times.
enableCompileCache(path.join(tmpdir(), 'deploy-actions-compile-cache'))

/** An answer that takes longer than this, in wall milliseconds, is slow because the test wants it so, and not because the machine is loaded. */
const patience = 2_000

const query = new URL(import.meta.url).searchParams
const speed = Number(query.get('speed'))
const since = Number(query.get('since'))

const RealDate = Date
const real = { ...timers, now: RealDate.now, performance: performance.now.bind(performance) }
const now = () => since + (real.now() - since) * speed

/** Requests under way, by the wall time at which they were sent. */
const requests = new Map()
/** Timers that came due while a request was under way: they wait for its answer, or a loaded machine would look like a network that is down. */
const due = new Map()
let again
/** Whether one of those that are due keeps the process alive. */
let lively = false

const sent = (request) => requests.set(request, real.performance())
const answered = (request) => {
  requests.delete(request)
  real.setImmediate(runDue)
}
subscribe('http.client.request.start', ({ request }) => {
  sent(request)
  request.once('close', () => answered(request))
})
// Of fetch.
subscribe('undici:request:create', ({ request }) => sent(request))
subscribe('undici:request:trailers', ({ request }) => answered(request))
subscribe('undici:request:error', ({ request }) => answered(request))

function isWaiting() {
  const earliest = real.performance() - patience
  return requests.values().some((at) => at > earliest)
}

/** Runs what is due, unless an answer is still on its way; then it looks again, at the latest when patience ends. */
function runDue() {
  real.clearTimeout(again)
  if (due.size === 0) return
  if (isWaiting()) {
    again = real.setTimeout(runDue, patience)
    if (!lively) again.unref()
    return
  }
  lively = false
  for (const [timer, run] of [...due]) if (due.delete(timer)) run()
}

function scaled(set) {
  return (callback, milliseconds, ...args) => {
    const run = () => callback(...args)
    const timer = set(() => {
      due.set(timer, run)
      lively ||= timer.hasRef()
      runDue()
    }, milliseconds / speed)
    return timer
  }
}

function cleared(clear) {
  return (timer) => {
    due.delete(timer)
    if (due.size === 0) real.clearTimeout(again)
    clear(timer)
  }
}

function sleep(milliseconds, value, { signal, ref = true } = {}) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      timers.clearTimeout(timer)
      reject(new DOMException('This operation was aborted', { name: 'AbortError', cause: signal.reason }))
    }
    const timer = timers.setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve(value)
    }, milliseconds)
    if (!ref) timer.unref()
    if (signal?.aborted) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })
}

const replaced = {
  setTimeout: Object.assign(scaled(real.setTimeout), { [promisify.custom]: sleep }),
  setInterval: scaled(real.setInterval),
  clearTimeout: cleared(real.clearTimeout),
  clearInterval: cleared(real.clearInterval),
}
Object.assign(timers, replaced)
Object.assign(globalThis, replaced)
Object.assign(promises, { setTimeout: sleep })
promises.scheduler.wait = (milliseconds, options) => sleep(milliseconds, undefined, options)
syncBuiltinESMExports()

AbortSignal.timeout = (milliseconds) => {
  const controller = new AbortController()
  const abort = () => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'))
  timers.setTimeout(abort, milliseconds).unref()
  return controller.signal
}
performance.now = () => real.performance() * speed
RealDate.now = now
globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(now()).toString(),
  construct: (target, args, newTarget) => Reflect.construct(target, args.length > 0 ? args : [now()], newTarget),
})
RealDate.prototype.constructor = Date
