import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** The variable by which the runner finds what a job's steps left running. */
export const trackingVariable = 'RUNNER_TRACKING_ID'

/**
 * Ends the processes that still carry `trackingId` in their environment: servers that a step started in the
 * background live until their job ends. Returns what was ended. Needs /proc; elsewhere nothing is found.
 */
export function endOrphans(trackingId: string): { pid: number; name: string }[] {
  const mark = `${trackingVariable}=${trackingId}`
  return processes().flatMap((pid) => {
    if (pid === process.pid || !readProc(pid, 'environ').split('\0').includes(mark)) return []
    const name = path.basename(readProc(pid, 'cmdline').split('\0')[0] ?? '')
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      return []
    }
    return [{ pid, name }]
  })
}

function processes(): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => pid > 0)
  } catch {
    return []
  }
}

/** Empty for a process that has gone, or is somebody else's. */
function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}
