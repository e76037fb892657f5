import type { StandIn } from './stand-in.ts'

/** Stands in for actions that prepare Docker on GitHub's machines: this machine is taken as it is. */
export function machineAsItIs(what: string, inputs: string[]): StandIn {
  return {
    inputs: Object.fromEntries(inputs.map((input) => [input, {}])),
    run(step) {
      step.log(`${what} is left as this machine has it`)
    },
  }
}

export const setupBuildx = machineAsItIs('Buildx', [
  'version',
  'driver',
  'driver-opts',
  'buildkitd-flags',
  'buildkitd-config',
  'buildkitd-config-inline',
  'use',
  'install',
  'endpoint',
  'platforms',
  'name',
  'cleanup',
])

export const setupQemu = machineAsItIs('Emulation of other platforms', ['image', 'platforms', 'cache-image'])
