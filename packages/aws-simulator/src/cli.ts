import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Scenario } from './scenario.ts'
import { startSimulator } from './simulator.ts'

const usage = 'usage: npm run simulator -- [--port N] [--speed X] [--scenario FILE] [--registry ecr|oci]'

function refuse(message: string): never {
  console.error(`${message}\n${usage}`)
  process.exit(2)
}

function numberOf(
  text: string | undefined,
  name: string,
  valid: (value: number) => boolean,
  wanted: string,
): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() === '' || !valid(value)) refuse(`--${name} must be ${wanted}, not '${text}'.`)
  return value
}

function readScenario(file: string | undefined): Scenario {
  if (file === undefined) return {}
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Scenario
  } catch (error) {
    refuse(`--scenario: ${file} cannot be read as JSON: ${(error as Error).message}`)
  }
}

function readArguments() {
  try {
    const text = { type: 'string' } as const
    const { values } = parseArgs({ options: { port: text, speed: text, scenario: text, registry: text } })
    return values
  } catch (error) {
    refuse((error as Error).message)
  }
}

const values = readArguments()
const port = numberOf(values.port, 'port', (n) => Number.isInteger(n) && n >= 0 && n < 65_536, 'a port number')
const speed = numberOf(values.speed, 'speed', (n) => n > 0 && Number.isFinite(n), 'a number greater than 0')
const scenario = readScenario(values.scenario)
if (values.registry !== undefined) {
  if (values.registry !== 'ecr' && values.registry !== 'oci')
    refuse(`--registry must be ecr or oci, not '${values.registry}'.`)
  scenario.registry = { ...scenario.registry, profile: values.registry }
}

const simulator = await startSimulator({ port, speed, scenario }).catch((error: NodeJS.ErrnoException) =>
  refuse(error.code === 'EADDRINUSE' ? `Port ${port} is taken.` : `The simulator could not start: ${error.message}`),
)
console.log(`listening on ${simulator.url}`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    simulator.close().then(
      () => process.exit(0),
      (error: Error) => {
        console.error(error.message)
        process.exit(1)
      },
    )
  })
}
