import type { Clock, Log } from '@deploy-actions/action-kit'

const intervalMs = 15_000

/** Tells how far an upload is, at most every fifteen seconds and only while bytes move. */
export function uploadProgress(log: Log, clock: Clock, totalBytes: number) {
  let sent = 0
  let toldAt = clock.now().getTime()
  return (bytes: number) => {
    sent += bytes
    const now = clock.now().getTime()
    if (now - toldAt < intervalMs) return
    toldAt = now
    log.info(
      `  ${formatBytes(sent)} of ${formatBytes(totalBytes)} sent (${Math.floor((100 * sent) / Math.max(1, totalBytes))} %)`,
    )
  }
}

/** `812 B`, `4.2 MB`, `1.3 GB`, in powers of a thousand, as registries and docker show sizes. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}
