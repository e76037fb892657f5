import type { AddressInfo } from 'node:net'
import { createServer, connect as dial, type Socket } from 'node:net'

export interface Line {
  origin: string
  /** From now on: passes everything, swallows what comes without passing it on, or refuses connections. */
  behave(how: 'pass' | 'stall' | 'away'): void
  /** Cuts every connection. */
  reset(): void
  /** Called whenever bytes went to the registry, with their sum. */
  onBytes?: (sum: number) => void
  close(): void
}

/** A line between a client and a registry that can fail as lines do. */
export async function startLine(target: string): Promise<Line> {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  let how: 'pass' | 'stall' | 'away' = 'pass'
  let sum = 0
  const server = createServer((client) => {
    if (how === 'away') return void client.resetAndDestroy()
    const registry = dial(Number(port), hostname)
    for (const socket of [client, registry]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        registry.destroy()
      })
    }
    client.on('data', (chunk) => {
      sum += chunk.length
      line.onBytes?.(sum)
      if (how === 'stall') client.pause()
      else if (!registry.write(chunk)) client.pause()
    })
    registry.on('drain', () => how === 'pass' && client.resume())
    registry.pipe(client)
  })
  const reset = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const line: Line = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    behave(next) {
      how = next
      if (next === 'away') reset()
    },
    reset,
    close() {
      reset()
      server.close()
    },
  }
  return line
}
