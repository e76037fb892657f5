import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { execForm, options, parseDockerfile, words } from './dockerfile.mjs'
import { CommandError } from './errors.mjs'
import { copy, readContext } from './files.mjs'
import { createLayout } from './layout.mjs'
import { keep } from './store.mjs'

/** Assembles the image that the arguments describe and prints its progress as `docker buildx build --progress=plain` does. */
export async function build(args, driver, env, print) {
  if (args.buildContexts.length > 0) throw new CommandError('the Docker stand-in does not support --build-context')
  for (const { id, env: variable } of args.secrets)
    if (!id || !variable || env[variable] === undefined)
      throw new CommandError(
        `failed to stat ${id}: secrets are read from the environment here, and ${variable} is not set`,
      )

  print('#0 docker stand-in: no engine here; the image holds the copied files only, without its base image')
  const dockerfile = args.dockerfile ?? path.join(args.context, 'Dockerfile')
  const text = readDockerfile(dockerfile)
  print(`#1 [internal] load build definition from ${path.basename(dockerfile)}\n#1 DONE 0.0s`)
  const context = readContext(args.context, dockerfile)
  print('#2 [internal] load build context\n#2 DONE 0.0s')
  const created = new Date(Number(env.SOURCE_DATE_EPOCH ?? 0) * 1000)
  const progress = steps(print, text, dockerfile)
  const assemble = async (directory) => {
    const layout = createLayout(directory)
    const images = []
    for (const platform of args.platforms)
      images.push(
        await layout.addImage({ ...assembleStage(args, text, context, platform, progress), platform, created }),
      )
    const top = layout.finish(images)
    print(`#99 exporting to oci image format\n#99 exporting manifest ${top.digest} done\n#99 DONE 0.0s`)
    return { top, config: images[0].config }
  }
  const { top, config } = await destination(args, driver, env, assemble)
  if (args.metadataFile)
    writeFileSync(
      args.metadataFile,
      JSON.stringify({
        'containerimage.digest': args.load ? config.digest : top.digest,
        'containerimage.config.digest': config.digest,
      }),
    )
}

async function destination(args, driver, env, assemble) {
  if (args.load) {
    if (args.platforms.length > 1)
      throw new CommandError('ERROR: docker exporter does not currently support exporting manifest lists')
    if (args.tags.length !== 1) throw new CommandError('the Docker stand-in loads under exactly one --tag')
    return keep(env, args.tags[0], assemble)
  }
  if (driver === 'docker')
    throw new CommandError(
      'ERROR: failed to build: OCI exporter is not supported for the docker driver.\nSwitch to a different driver, or turn on the containerd image store, and try again.',
    )
  const { type, dest, tar, ...others } = args.output ?? {}
  delete others['rewrite-timestamp']
  if (type !== 'oci' || !dest || tar !== 'false' || Object.keys(others).length > 0)
    throw new CommandError('the Docker stand-in writes --output type=oci,dest=FOLDER,tar=false only')
  return assemble(dest)
}

function readDockerfile(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new CommandError(
      `ERROR: failed to build: failed to solve: failed to read dockerfile: open ${path.basename(file)}: no such file or directory`,
    )
  }
}

/** Numbers the steps, and turns a failing one into the lines that BuildKit prints. */
function steps(print, text, dockerfile) {
  let number = 2
  return (title, instruction, work) => {
    // As BuildKit does: what only changes the config is no step.
    const shown = ['FROM', 'WORKDIR', 'COPY', 'RUN', 'ADD'].includes(instruction.name)
    const id = shown ? ++number : number
    if (shown) print(`#${id} ${title} ${instruction.text}`)
    try {
      const result = work()
      if (shown) print(`#${id} DONE 0.0s`)
      return result
    } catch (error) {
      if (!(error instanceof CommandError)) throw error
      const line = text.split(/\r?\n/)[instruction.line - 1]
      const rule = '--------------------'
      throw new CommandError(
        [
          `#${id} ERROR: ${error.message}`,
          `------\n > ${title} ${instruction.text}:\n------`,
          `${path.basename(dockerfile)}:${instruction.line}\n${rule}\n   ${instruction.line} | >>> ${line}\n${rule}`,
          `ERROR: failed to build: failed to solve: ${error.message}`,
        ].join('\n'),
      )
    }
  }
}

function assembleStage(args, text, context, platform, progress) {
  const [os, architecture] = platform.split('/')
  const automatic = { TARGETPLATFORM: platform, TARGETOS: os, TARGETARCH: architecture }
  const globals = {}
  const stages = []
  const instructions = parseDockerfile(text)
  const stageNames = instructions
    .filter(({ name }) => name === 'FROM')
    .map(({ rest }, index) => rest.match(/\sas\s+(\S+)/i)?.[1] ?? `stage-${index}`)
  if (stageNames.length === 0) throw new CommandError('ERROR: failed to solve: the Dockerfile has no stage')
  let stage
  for (const instruction of instructions) {
    const { name, rest } = instruction
    if (name === 'ARG' && !stage) declare(globals, rest, { ...automatic, ...globals }, args.buildArgs)
    else if (name === 'FROM') {
      if (stage && stage.name === args.target) break
      stage = progress(`[${stageNames[stages.length]}]`, instruction, () =>
        from(rest, stageNames[stages.length], stages, { ...automatic, ...globals }),
      )
      stages.push(stage)
    } else if (!stage)
      throw new CommandError(`ERROR: failed to solve: no build stage in current context before ${name}`)
    else {
      const handler = Object.hasOwn(handlers, name) ? handlers[name] : refuse
      progress(`[${stage.name}]`, instruction, () =>
        handler(stage, instruction, { args, context, stages, globals, automatic }),
      )
    }
  }
  if (args.target && !stages.some(({ name }) => name === args.target))
    throw new CommandError(`ERROR: failed to build: failed to solve: target stage "${args.target}" could not be found`)
  return { ...stage, config: { ...stage.config, Labels: { ...stage.config.Labels, ...args.labels } } }
}

function from(rest, name, stages, variables) {
  const [base, ...more] = words(options(rest, ['platform']).rest.replace(/\s+as\s+\S+$/i, ''), variables)
  if (!base || more.length > 0) throw new CommandError('FROM requires either one or three arguments')
  const parent = stages.find((stage) => stage.name === base)
  if (parent) return { ...structuredCloneStage(parent), name }
  const history = base === 'scratch' ? [] : [{ created_by: `FROM ${base} (not pulled: stand-in)`, empty_layer: true }]
  return {
    name,
    variables: {},
    image: new Map(),
    layers: [],
    history,
    workdir: '/',
    config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Labels: {} },
  }
}

function structuredCloneStage(stage) {
  return {
    ...stage,
    variables: { ...stage.variables },
    image: new Map(stage.image),
    layers: [...stage.layers],
    history: [...stage.history],
    config: structuredClone(stage.config),
  }
}

function declare(into, rest, variables, given) {
  const [, name, value] = rest.match(/^(\w+)(?:=(.*))?$/s) ?? []
  if (!name) throw new CommandError(`the Docker stand-in takes one ARG name a line: ARG ${rest}`)
  const known = given[name] ?? (value === undefined ? variables[name] : words(value, variables).join(' '))
  if (known !== undefined) into[name] = known
}

function noted(stage, { text }, empty = true) {
  stage.history.push({ created_by: text, comment: 'stand-in', ...(empty && { empty_layer: true }) })
}

const command = (field) => (stage, instruction) => {
  stage.config[field] = execForm(instruction.rest) ?? ['/bin/sh', '-c', instruction.rest]
  noted(stage, instruction)
}

const handlers = {
  ARG: (stage, { rest }, { args, globals, automatic }) =>
    declare(stage.variables, rest, { ...automatic, ...globals, ...stage.variables }, args.buildArgs),
  ENV(stage, instruction) {
    for (const [name, value] of pairs(instruction.rest, stage.variables)) {
      stage.variables[name] = value
      stage.config.Env = [...stage.config.Env.filter((entry) => !entry.startsWith(`${name}=`)), `${name}=${value}`]
    }
    noted(stage, instruction)
  },
  LABEL(stage, instruction) {
    Object.assign(stage.config.Labels, Object.fromEntries(pairs(instruction.rest, stage.variables)))
    noted(stage, instruction)
  },
  WORKDIR(stage, instruction) {
    stage.workdir = path.posix.resolve(stage.workdir, words(instruction.rest, stage.variables).join(' '))
    stage.config.WorkingDir = stage.workdir
    noted(stage, instruction)
  },
  USER(stage, instruction) {
    stage.config.User = words(instruction.rest, stage.variables)[0]
    noted(stage, instruction)
  },
  EXPOSE(stage, instruction) {
    for (const port of words(instruction.rest, stage.variables))
      stage.config.ExposedPorts = { ...stage.config.ExposedPorts, [port.includes('/') ? port : `${port}/tcp`]: {} }
    noted(stage, instruction)
  },
  CMD: command('Cmd'),
  ENTRYPOINT: command('Entrypoint'),
  COPY(stage, instruction, { context, stages }) {
    const { found, rest } = options(instruction.rest, ['from', 'chown', 'chmod', 'link'])
    if (rest.startsWith('<<')) throw new CommandError('the Docker stand-in does not support here-documents')
    const paths = execForm(rest) ?? words(rest, stage.variables)
    if (paths.length < 2) throw new CommandError('COPY requires at least two arguments')
    const source =
      found.from === undefined
        ? context
        : stages.find(({ name }, index) => name === found.from || String(index) === found.from)?.image
    if (!source)
      throw new CommandError(`the Docker stand-in cannot copy from the image ${found.from}: it pulls nothing`)
    const layer = copy(source, stage.image, {
      sources: paths.slice(0, -1),
      destination: paths.at(-1),
      workdir: stage.workdir,
      owner: found.chown,
      mode: found.chmod === undefined ? undefined : Number.parseInt(found.chmod, 8),
    })
    stage.layers.push(layer)
    noted(stage, instruction, false)
  },
}

/** DOCKER_STAND_IN_SKIP=RUN: commands are left out and named, so that a Dockerfile that installs dependencies can be shown at all. */
function refuse(stage, instruction) {
  const { name } = instruction
  if (process.env.DOCKER_STAND_IN_SKIP === name) {
    process.stderr.write(`The stand-in does not execute: ${instruction.text}\n`)
    return noted(stage, instruction)
  }
  throw new CommandError(
    `the Docker stand-in cannot do ${name}: it assembles copied files only. Run this where a Docker engine answers`,
  )
}

function pairs(text, variables) {
  const list = words(text, variables)
  if (list.some((word) => !word.includes('=')))
    throw new CommandError(`the Docker stand-in takes NAME=value only: ${text}`)
  return list.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)])
}
