import { CommandError } from './errors.mjs'

const once = new Set(['--file', '--target', '--metadata-file', '--output', '--progress', '--platform', '--builder'])
const many = new Set([
  '--build-arg',
  '--build-context',
  '--label',
  '--secret',
  '--ssh',
  '--cache-from',
  '--cache-to',
  '--tag',
])
const flags = new Set(['--load', '--pull', '--no-cache', '--provenance=false', '--sbom=false', '--progress=plain'])

/** Reads the arguments of `docker buildx build`; anything it could not honour is an error. */
export function parseBuildArguments(args) {
  const options = { many: Object.fromEntries([...many].map((name) => [name, []])) }
  const rest = [...args]
  while (rest.length > 0) {
    const arg = rest.shift()
    if (once.has(arg)) options[arg] = value(arg, rest)
    else if (many.has(arg)) options.many[arg].push(value(arg, rest))
    else if (flags.has(arg)) options[arg] = true
    else if (arg.startsWith('-')) throw new CommandError(`unknown flag: ${arg} (the stand-in for docker buildx build)`)
    else if (options.context === undefined) options.context = arg
    else throw new CommandError('docker buildx build requires exactly 1 argument')
  }
  if (options.context === undefined) throw new CommandError('docker buildx build requires exactly 1 argument')
  return {
    context: options.context,
    dockerfile: options['--file'],
    target: options['--target'],
    metadataFile: options['--metadata-file'],
    load: options['--load'] === true,
    output: options['--output'] === undefined ? undefined : fields(options['--output']),
    platforms: (options['--platform'] ?? 'linux/amd64').split(','),
    buildArgs: Object.fromEntries(options.many['--build-arg'].map(pair)),
    labels: Object.fromEntries(options.many['--label'].map(pair)),
    secrets: options.many['--secret'].map(fields),
    buildContexts: options.many['--build-context'],
    tags: options.many['--tag'],
  }
}

function value(name, rest) {
  if (rest.length === 0) throw new CommandError(`flag needs an argument: ${name}`)
  return rest.shift()
}

function pair(text) {
  const at = text.indexOf('=')
  return at < 0 ? [text, process.env[text] ?? ''] : [text.slice(0, at), text.slice(at + 1)]
}

/** One CSV line of `name=value` fields, as buildx reads --output and --secret. */
function fields(line) {
  const parts = [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain,
  )
  return Object.fromEntries(parts.map(pair))
}
