import { githubContext } from '@deploy-actions/action-kit'
import type { Inputs } from '../../src/inputs.ts'
import type { Runner } from '../../src/source-key/surroundings.ts'
import { commitTime } from './stage.ts'

/** The inputs of a build of `workspace`, as parseInputs would return them. */
export function inputsOf(workspace: string, change: Partial<Inputs> = {}): Inputs {
  return {
    repository: { name: 'shop' },
    region: 'eu-central-1',
    workspace,
    context: workspace,
    dockerfile: undefined,
    target: undefined,
    platforms: ['linux/amd64'],
    buildArgs: [],
    buildContexts: {},
    secrets: [],
    ssh: [],
    cacheFrom: [],
    cacheTo: [],
    migrationsPath: undefined,
    maxAgeMs: undefined,
    lookupOnly: false,
    rebuild: false,
    promotion: false,
    noCache: false,
    labels: {},
    provenance: 'false',
    sbom: false,
    output: undefined,
    builder: undefined,
    ...change,
  }
}

/** A runner with an empty home. */
export function runnerOf(workspace: string, env: NodeJS.ProcessEnv = {}): Runner {
  return {
    github: githubContext({ GITHUB_WORKSPACE: workspace }),
    env: { HOME: '/nonexistent', SOURCE_DATE_EPOCH: commitTime, ...env },
  }
}
