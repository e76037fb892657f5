import { cpSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { ActionRun } from '@deploy-actions/workflow-runner'
import { root } from '../lib/repository.ts'
import { assert, check } from './harness.ts'
import {
  blobsOf,
  emulates,
  found,
  manifestBytes,
  noBuilder,
  noBusybox,
  noEngine,
  noRegistry,
  output,
  text,
  type World,
  workspace,
} from './world.ts'

const secret = 'correct-horse-battery-staple'

/** Three stages, a shell, a secret, and nothing from outside. */
export const multiStage = {
  busybox: 'copy:',
  'app.txt': 'hello\n',
  'migrations/001_init.sql': 'CREATE TABLE greeting (text varchar(80));\n',
  '.dockerignore': 'ignored\n',
  Dockerfile: `FROM scratch AS base
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "/bin"]

FROM base AS build
COPY app.txt /src/app.txt
RUN --mount=type=secret,id=token grep -q ${secret.slice(0, 13)} /run/secrets/token
RUN tr a-z A-Z < /src/app.txt > /app.txt

FROM base
COPY --from=build /app.txt /app.txt
CMD ["cat", "/app.txt"]
`,
}

export function shop(name: string, change: Record<string, string> = {}): string {
  return workspace(name, { ...multiStage, busybox: `copy:${found.busybox}`, ...change })
}

export const withSecret = { secrets: `token=${secret}`, 'migrations-path': 'migrations' }

/** Real builds through the bundle. Returns the first one, for the registries. */
export async function checkBuilds(world: World): Promise<ActionRun | undefined> {
  const unless = noBuilder || noBusybox
  let first: ActionRun | undefined

  await check('a multi-stage build with a secret becomes an OCI layout', unless, async () => {
    const run = await world.build(shop('multi-stage'), withSecret)
    assert.equal(run.exitCode, 0, run.log)
    assert.equal(run.outputs.built, 'true')
    assert.match(run.outputs['schema-level']!, /^1\.[0-9a-f]{8}$/)
    const manifest = JSON.parse(manifestBytes(run.outputs['oci-layout']!, run.outputs.digest!).toString())
    const config = JSON.parse(manifestBytes(run.outputs['oci-layout']!, manifest.config.digest).toString())
    assert.equal(config.config.Labels['io.github.deploy-actions.schema-level'], run.outputs['schema-level'])
    assert.equal(config.config.Labels['org.opencontainers.image.created'], '2025-06-01T12:00:00.000Z')
    assert.equal(config.created, '2025-06-01T12:00:00Z')
    first = run
  })

  await check(
    'the secret is in no layer, no config, no log and no summary',
    unless || (!first && 'nothing was built'),
    () => {
      const texts = [
        ...blobsOf(first!.outputs['oci-layout']!),
        first!.log,
        first!.summary,
        JSON.stringify(first!.outputs),
      ]
      // The Dockerfile names the secret's beginning on purpose; the whole is nowhere.
      for (const text of texts) assert.ok(!text.includes(secret))
      assert.ok(
        texts.some((text) => text.includes(secret.slice(0, 13))),
        'the search looks where the Dockerfile is recorded',
      )
    },
  )

  await check(
    'the same sources, elsewhere, later, without cache, are the same image',
    unless || (!first && 'nothing was built'),
    async () => {
      const elsewhere = path.join(found.work, 'multi-stage-again')
      cpSync(path.join(found.work, 'multi-stage'), elsewhere, { recursive: true })
      writeFileSync(path.join(elsewhere, 'ignored'), 'noise')
      utimesSync(path.join(elsewhere, 'app.txt'), 1_700_000_000, 1_700_000_000)
      const run = await world.build(elsewhere, { ...withSecret, 'no-cache': 'true' })
      assert.equal(run.exitCode, 0, run.log)
      assert.equal(run.outputs['source-key'], first!.outputs['source-key'])
      assert.equal(run.outputs.digest, first!.outputs.digest)
    },
  )

  await check('the step that failed is the annotation, with its place and last lines', unless, async () => {
    const dockerfile = multiStage.Dockerfile.replace('RUN tr a-z', 'RUN echo no such module >&2 && exit 7 && tr a-z')
    const run = await world.build(shop('failing', { Dockerfile: dockerfile }), withSecret)
    assert.equal(run.exitCode, 1)
    assert.equal(run.annotations.length, 1, JSON.stringify(run.annotations))
    assert.match(
      run.annotations[0]!.message,
      /Dockerfile:8, \[build 3\/3\] RUN echo .*: exit code: 7[\s\S]*no such module/,
    )
  })

  await check('cancel ends a running command within the time GitHub leaves', unless, async () => {
    const dockerfile = multiStage.Dockerfile.replace('RUN tr a-z', 'RUN echo sleeping && sleep 300 && tr a-z')
    const cancel = new AbortController()
    let cancelledAt = 0
    const run = await world.build(shop('cancelled', { Dockerfile: dockerfile }), withSecret, {
      signal: cancel.signal,
      onLine(line) {
        if (!/^#\d+ [\d.]+ sleeping$/.test(line)) return
        cancelledAt = performance.now()
        cancel.abort()
      },
    })
    assert.ok(cancelledAt > 0, run.log)
    assert.ok(performance.now() - cancelledAt < 7_500)
    assert.deepEqual([run.exitCode, run.killed], [1, false])
    assert.match(run.annotations[0]!.message, /cancelled while docker was at work/)
  })

  await check('what the cache saved is in the summary', unless, async () => {
    const run = await world.build(path.join(found.work, 'multi-stage'), withSecret)
    assert.match(run.summary, /(\d) of \1 steps from the cache/)
  })

  await check('a cache in a registry serves a builder that has none', unless || noRegistry, async () => {
    const ref = `type=registry,ref=${new URL(found.registry!).host}/cache:shop`
    const folder = shop('cached', { 'app.txt': 'cached\n' })
    const writing = await world.build(folder, { ...withSecret, 'cache-to': `${ref},mode=max` })
    assert.equal(writing.exitCode, 0, writing.log)
    await output('docker', ['buildx', 'prune', '--builder', 'checks', '--all', '--force'])
    const reading = await world.build(folder, { ...withSecret, 'cache-from': ref })
    assert.equal(reading.exitCode, 0, reading.log)
    // A COPY from another stage is now and then done anew; commands are not.
    assert.deepEqual(
      notCached(reading.log).filter((title) => title.includes('RUN')),
      [],
    )
    assert.equal(reading.outputs.digest, writing.outputs.digest)
  })

  await checkPlatforms(world)
  await checkAttestations(world, unless)
  await checkEngine(world)
  await checkExample(world)
  return first
}

/** Titles of the Dockerfile's steps that were really done. */
function notCached(log: string): string[] {
  const steps = [...log.matchAll(/^#(\d+) (\[(?!internal)[^\]]*\] .*)$/gm)]
  return steps.filter(([, id]) => !log.includes(`\n#${id} CACHED`)).map(([, , title]) => title!)
}

async function checkPlatforms(world: World): Promise<void> {
  const platforms = 'linux/amd64,linux/arm64'
  const read = (run: ActionRun) => {
    assert.equal(run.exitCode, 0, run.log)
    const index = JSON.parse(manifestBytes(run.outputs['oci-layout']!, run.outputs.digest!).toString())
    assert.deepEqual(
      index.manifests.map((entry: { platform: { architecture: string } }) => entry.platform.architecture).sort(),
      ['amd64', 'arm64'],
    )
  }
  await check('two platforms become one index', noBuilder, async () => {
    read(
      await world.build(
        workspace('platforms', {
          Dockerfile: 'FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /\n',
          amd64: 'a',
          arm64: 'b',
        }),
        { platforms },
      ),
    )
  })

  const supported = emulates || (!noBuilder && /arm64/.test(await text('docker', ['buildx', 'inspect', 'checks'])))
  const programs = supported && (await crossCompile())
  const unless =
    noBuilder || (!supported && 'no emulation for arm64') || (!programs && 'no Go to make programs for both')
  await check('the other platform’s commands run under emulation', unless, async () => {
    read(await world.build(programs as string, { platforms }))
  })
}

/** A folder whose Dockerfile runs a program of the target's own architecture. */
async function crossCompile(): Promise<string | undefined> {
  const source =
    'package main\n\nimport (\n\t"os"\n\t"runtime"\n)\n\nfunc main() { os.WriteFile("/made-on", []byte(runtime.GOARCH), 0o644) }\n'
  const folder = workspace('emulated', {
    'main.go': source,
    'go.mod': 'module emulated\n',
    Dockerfile: 'FROM scratch\nARG TARGETARCH\nCOPY $TARGETARCH /program\nRUN ["/program"]\n',
  })
  try {
    for (const arch of ['amd64', 'arm64'])
      await output('env', [
        'CGO_ENABLED=0',
        `GOARCH=${arch}`,
        'go',
        '-C',
        folder,
        'build',
        '-o',
        path.join(folder, arch),
        '.',
      ])
    return folder
  } catch {
    return undefined
  }
}

async function checkAttestations(world: World, unless: string | false): Promise<void> {
  await check(
    'provenance stands beside the image, is pushed with it, and the pair is found again',
    unless,
    async () => {
      const folder = shop('provenance', { 'app.txt': 'attested\n' })
      const inputs = { ...withSecret, provenance: 'max' }
      const run = await world.build(folder, inputs)
      assert.equal(run.exitCode, 0, run.log)
      const index = JSON.parse(manifestBytes(run.outputs['oci-layout']!, run.outputs.digest!).toString())
      assert.equal(index.manifests.length, 2)
      for (const text of blobsOf(run.outputs['oci-layout']!)) assert.ok(!text.includes(secret))
      const pushed = await world.push(run)
      assert.equal(pushed.exitCode, 0, pushed.log)
      const again = await world.build(folder, inputs)
      assert.deepEqual([again.outputs.built, again.outputs.digest], ['false', run.outputs.digest])
    },
  )
}

/** As a consumer would have it, where the base image and its packages can be fetched. */
async function checkExample(world: World): Promise<void> {
  const base = noBuilder || (await canFetch('node:24-alpine'))
  await check('the example builds', noBuilder || (base !== true && base), async () => {
    const run = await world.build(path.join(root, 'examples/hello-service'), { 'migrations-path': 'migrations' })
    assert.equal(run.exitCode, 0, run.log)
  })
}

async function canFetch(image: string): Promise<true | string> {
  try {
    await text('docker', ['buildx', 'imagetools', 'inspect', image])
    return true
  } catch {
    return `${image} can't be fetched here`
  }
}

/** The engine's own builder, which writes no layouts unless it has the containerd image store. */
async function checkEngine(world: World): Promise<void> {
  await check(
    'the engine’s own builder loads and saves, or exports by itself, and the image runs',
    noEngine || noBusybox,
    async () => {
      const run = await world.build(shop('engine'), { ...withSecret, builder: 'default' })
      assert.equal(run.exitCode, 0, run.log)
      const pushed = await world.push(run, { tags: 'from-the-engine' })
      assert.equal(pushed.exitCode, 0, pushed.log)
      assert.equal(pushed.outputs.digest, run.outputs.digest)
      const index = JSON.parse(readFileSync(path.join(run.outputs['oci-layout']!, 'index.json'), 'utf8'))
      assert.equal(index.manifests[0].digest, run.outputs.digest)
    },
  )
}
