import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { checkWorkflow, consoleLog, type RunOptions, runWorkflow, WorkflowError } from './index.ts'

const usage = `Runs a workflow of a repository on this machine, as GitHub would.

  node packages/workflow-runner/src/cli.ts run   --workflow .github/workflows/deploy.yml [options]
  node packages/workflow-runner/src/cli.ts check --workflow .github/workflows/deploy.yml [options]

check reads the workflow and all that it calls, and tells what GitHub would refuse and which inputs and outputs the actions do not have;
run runs it.

  --repository PATH        a git repository; what is committed counts            (default: this folder)
  --name OWNER/NAME        its name on GitHub                                    (default: from its remote "origin")
  --ref REF                branch or tag of the event                            (default: what is checked out)
  --event NAME             push, workflow_dispatch …                             (default: push)
  --input NAME=VALUE       of workflow_dispatch; repeatable, as are the following
  --var NAME=VALUE         variable of the repository
  --secret NAME[=VALUE]    secret of the repository; without a value it is taken from the environment
  --environment NAME       GitHub environment; then --var and --secret that follow are written NAME:KEY=VALUE
  --suite OWNER/NAME=PATH  where the actions and workflows of a suite are found
  --aws NAME=VALUE         what aws-actions/configure-aws-credentials exports, such as AWS_ENDPOINT_URL
  --env NAME=VALUE         environment of the machine
  --debug                  show debug lines

Exit code: 0 success or skipped, 1 failure (of check: warnings), 2 refused or wrongly called, 130 cancelled.`

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      repository: { type: 'string', default: '.' },
      name: { type: 'string' },
      workflow: { type: 'string' },
      ref: { type: 'string' },
      event: { type: 'string', default: 'push' },
      input: { type: 'string', multiple: true, default: [] },
      var: { type: 'string', multiple: true, default: [] },
      secret: { type: 'string', multiple: true, default: [] },
      environment: { type: 'string', multiple: true, default: [] },
      suite: { type: 'string' },
      aws: { type: 'string', multiple: true, default: [] },
      env: { type: 'string', multiple: true, default: [] },
      debug: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const [command] = positionals
  if (values.help) {
    console.log(usage)
    return 0
  }
  if ((command !== 'run' && command !== 'check') || positionals.length !== 1 || !values.workflow) {
    console.error(usage)
    return 2
  }
  const colour = process.stdout.isTTY === true
  const cancel = new AbortController()
  process.once('SIGINT', () => cancel.abort())
  const [suiteName, suitePath] = pair(values.suite ?? '')
  const settings = (environment: string) => ({
    vars: scoped(values.var, environment),
    secrets: scoped(values.secret, environment),
  })
  const options: RunOptions = {
    repository: {
      name: values.name ?? remoteName(values.repository),
      path: path.resolve(values.repository),
      ...(values.ref && { ref: values.ref }),
    },
    ...(values.suite && { suite: { name: suiteName, path: path.resolve(suitePath) } }),
    workflow: values.workflow,
    event: { name: values.event, inputs: pairs(values.input) },
    ...settings(''),
    environments: Object.fromEntries(values.environment.map((name) => [name, settings(name)])),
    ...(values.aws.length > 0 && { aws: pairs(values.aws) }),
    env: pairs(values.env),
    debug: values.debug,
    signal: cancel.signal,
    onLine: consoleLog((text) => void process.stdout.write(text), { colour }),
  }
  if (command === 'check') {
    const { name, jobs, warnings } = checkWorkflow(options)
    console.log(`${name}: ${jobs.join(', ')}`)
    for (const warning of warnings) console.error(`Warning: ${warning}`)
    return warnings.length > 0 ? 1 : 0
  }
  const result = await runWorkflow(options)
  console.log(`\n${result.name}: ${result.conclusion} after ${(result.durationMs / 1000).toFixed(1)} s`)
  for (const job of result.jobs) console.log(`  ${job.conclusion.padEnd(10)} ${job.name}`)
  return { success: 0, skipped: 0, failure: 1, cancelled: 130 }[result.conclusion]
}

/** Entries that belong to one environment (`production:KEY=VALUE`), or to none. */
function scoped(entries: string[], environment: string): Record<string, string> {
  const own = entries.flatMap((entry) => {
    const match = /^([\w.-]+):(\w+(?:=.*)?)$/s.exec(entry)
    return (match?.[1] ?? '') === environment ? [match?.[2] ?? entry] : []
  })
  return pairs(own)
}

function pairs(entries: string[]): Record<string, string> {
  return Object.fromEntries(entries.map(pair))
}

function pair(entry: string): [string, string] {
  const at = entry.indexOf('=')
  return at < 0 ? [entry, process.env[entry] ?? ''] : [entry.slice(0, at), entry.slice(at + 1)]
}

function remoteName(repository: string): string {
  try {
    const url = execFileSync('git', ['-C', repository, 'remote', 'get-url', 'origin'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const name = /[/:]([^/:]+\/[^/]+?)(?:\.git)?\s*$/.exec(url)?.[1]
    if (name) return name
  } catch {}
  throw new WorkflowError(`${repository} has no remote "origin" to take its name from: give --name OWNER/NAME`)
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof WorkflowError) && !(error instanceof TypeError)) throw error
  console.error(`Error: ${error.message}`)
  process.exitCode = 2
}
