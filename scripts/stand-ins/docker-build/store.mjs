import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pack } from 'tar-stream'
import { CommandError } from './errors.mjs'

function storeOf(env) {
  return env.DOCKER_STAND_IN_STORE ?? path.join(tmpdir(), `docker-stand-in-${process.getuid?.() ?? 0}`)
}

/** Keeps a layout under a tag, as `--load` would put an image into the engine. */
export function keep(env, tag, makeLayout) {
  const store = storeOf(env)
  mkdirSync(store, { recursive: true })
  const directory = mkdtempSync(path.join(store, 'image-'))
  rmSync(directory, { recursive: true })
  writeFileSync(path.join(store, fileOf(tag)), directory)
  return makeLayout(directory)
}

/** `docker save --output FILE NAME`: an OCI archive with the manifest.json that `docker load` wants. */
export async function save(args, env) {
  const [option, output, name, ...more] = args
  if (!['--output', '-o'].includes(option) || !output || !name || more.length > 0)
    throw new CommandError('the Docker stand-in knows only: docker save --output FILE NAME')
  const pointer = path.join(storeOf(env), fileOf(name))
  if (!existsSync(pointer)) throw new CommandError(`Error response from daemon: reference does not exist: ${name}`)
  const directory = readFileSync(pointer, 'utf8')
  const index = JSON.parse(readFileSync(path.join(directory, 'index.json'), 'utf8'))
  const blob = (digest) => path.join('blobs', ...digest.split(':'))
  const manifest = JSON.parse(readFileSync(path.join(directory, blob(index.manifests[0].digest)), 'utf8'))
  index.manifests[0].annotations = {
    'io.containerd.image.name': `docker.io/${name}`,
    'org.opencontainers.image.ref.name': name.split(':')[1],
  }
  const archive = pack()
  for (const file of await readdir(path.join(directory, 'blobs', 'sha256')))
    archive.entry({ name: `blobs/sha256/${file}` }, await readFile(path.join(directory, 'blobs', 'sha256', file)))
  archive.entry({ name: 'index.json' }, JSON.stringify(index))
  archive.entry(
    { name: 'manifest.json' },
    JSON.stringify([
      {
        Config: blob(manifest.config.digest),
        RepoTags: [name],
        Layers: manifest.layers.map(({ digest }) => blob(digest)),
      },
    ]),
  )
  archive.entry({ name: 'oci-layout' }, '{"imageLayoutVersion":"1.0.0"}')
  archive.finalize()
  const chunks = []
  for await (const chunk of archive) chunks.push(chunk)
  writeFileSync(output, Buffer.concat(chunks))
}

function fileOf(tag) {
  return `tag-${createHash('sha256').update(tag).digest('hex')}`
}
