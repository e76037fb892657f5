import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import { openOciLayout, planPush } from '@deploy-actions/ecr'
import { extract } from 'tar-stream'
import { root } from '../lib/repository.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'stand-in-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function write(files: Record<string, string>) {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    writeFileSync(path.join(folder, name), content)
  }
}

function docker(...args: string[]) {
  const program = path.join(root, 'scripts/stand-ins/docker.mjs')
  return spawnSync(process.execPath, [program, ...args], { encoding: 'utf8', cwd: folder })
}

const build = (layout: string, ...options: string[]) =>
  docker('buildx', 'build', ...options, '--output', `type=oci,dest=${path.join(folder, layout)},tar=false`, '.')

async function namesIn(layer: Buffer): Promise<string[]> {
  const names: string[] = []
  const archive = extract()
  archive.end(gunzipSync(layer))
  for await (const entry of archive) {
    names.push(entry.header.name)
    entry.resume()
  }
  return names
}

test('copies what the ignore file leaves into a whole layout, the same every time', async () => {
  write({
    Dockerfile:
      'FROM node:24 AS build\nWORKDIR /app\nCOPY src lib ./\nFROM scratch\nARG V=1\nLABEL v="$V"\nCOPY --from=build /app/a.js /x/\nUSER 10\n',
    '.dockerignore': '**/*.log\n',
    'src/a.js': 'a',
    'src/b.log': 'b',
    'lib/c.js': 'c',
  })
  expect(build('one', '--build-arg', 'V=2', '--label', 'l=1')).toMatchObject({ status: 0 })
  expect(build('two', '--build-arg', 'V=2', '--label', 'l=1')).toMatchObject({ status: 0 })
  const source = await openOciLayout(path.join(folder, 'one'))
  const plan = await planPush(source)
  expect((await openOciLayout(path.join(folder, 'two'))).root.digest).toBe(plan.root.digest)

  const blob = (digest: string) => readFileSync(path.join(folder, 'one/blobs', ...digest.split(':')))
  expect(JSON.parse(blob(plan.root.config!.digest).toString()).config).toMatchObject({
    Labels: { v: '2', l: '1' },
    User: '10',
  })
  expect(await namesIn(blob(plan.root.layers[0]!.digest))).toEqual(['x', 'x/a.js'])

  build('target', '--target', 'build')
  const target = await planPush(await openOciLayout(path.join(folder, 'target')))
  const layer = readFileSync(path.join(folder, 'target/blobs', ...target.root.layers[0]!.digest.split(':')))
  expect(await namesIn(layer)).toEqual(['app', 'app/a.js', 'app/c.js'])
})

test.each([
  ['RUN npm ci', /cannot do RUN/],
  ['ADD https://example.org/x /x', /cannot do ADD/],
  ['COPY --from=alpine:3 /etc /etc', /cannot copy from the image alpine:3/],
  ['COPY --parents a /', /does not support --parents/],
  ['COPY missing /', /"\/missing": not found/],
  ['COPY ../x /', /outside of the build context/],
  ['COPY <<END /x', /here-documents/],
])('refuses %s', (instruction, message) => {
  write({ Dockerfile: `FROM scratch\n${instruction}\n`, a: '' })
  const { status, stderr } = build('refused')
  expect(status).toBe(1)
  expect(stderr).toMatch(message)
})

test.each([
  [['buildx', 'build', '--network', 'default', '.'], /unknown flag: --network/],
  [['buildx', 'bake'], /knows version, inspect and build only/],
  [['pull', 'alpine'], /knows version, info, buildx and save only/],
  [['buildx', 'build', '--provenance=mode=max', '.'], /unknown flag: --provenance=mode=max/],
  [['buildx', 'build', '--secret', 'id=a,env=NO_SUCH', '.'], /NO_SUCH is not set/],
  [['buildx', 'build', '--output', 'type=docker', '.'], /writes --output type=oci/],
])('refuses docker %j', (args, message) => {
  write({ Dockerfile: 'FROM scratch\n' })
  const { status, stderr } = docker(...args)
  expect(status).toBe(1)
  expect(stderr).toMatch(message)
})
