import { existsSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { imageConfig, type Stage, stage } from './support/stage.ts'

let at: Stage
afterEach(() => at?.close())

test('the first run builds, the second finds the image and asks Docker nothing', async () => {
  at = await stage()
  const first = await at.run({ 'migrations-path': 'migrations' })
  expect(first).toMatchObject({
    exitCode: 0,
    outputs: { built: 'true', 'schema-level': expect.stringMatching(/^1\.[0-9a-f]{8}$/) },
  })
  expect(first.outputs['image-tag']).toBe(`src-${first.outputs['source-key']}`)
  expect(first.outputs['source-key']).toMatch(/^[0-9a-f]{40}$/)
  expect(first.log).toContain('docker stand-in')
  expect(first.summary).toContain('of 2 steps from the cache')

  const { config } = imageConfig(first.outputs['oci-layout']!)
  expect(config.Labels).toMatchObject({
    'org.opencontainers.image.revision': '0123456789abcdef0123456789abcdef01234567',
    'org.opencontainers.image.source': 'https://github.com/example/shop',
    'org.opencontainers.image.created': '2025-06-01T12:00:00.000Z',
    'org.opencontainers.image.version': '0123456789ab',
    'io.github.deploy-actions.schema-level': first.outputs['schema-level'],
    'io.github.deploy-actions.source-key': first.outputs['source-key'],
  })
  expect(JSON.parse(config.Labels['io.github.deploy-actions.migrations'])).toHaveProperty(['001_init.sql'])

  await at.push(first)
  const before = at.ecrCalls().length
  const second = await at.run({ 'migrations-path': 'migrations' }, { docker: 'none', github: { sha: 'f'.repeat(40) } })
  expect(second).toMatchObject({
    exitCode: 0,
    outputs: { ...first.outputs, built: 'false', 'oci-layout': '' },
  })
  expect(at.ecrCalls().slice(before).sort()).toEqual(['BatchGetImage', 'DescribeImages'])
  expect(second.summary).toContain('### ✅ Build of `shop`: unchanged\n\nNothing to build')
})

test('another commit of the same sources has the same key, another file another', async () => {
  at = await stage()
  const one = await at.run()
  const two = await at.run({}, { github: { sha: 'a'.repeat(40), ref: 'refs/heads/prod' } })
  at.write({ 'src/server.js': 'console.log("bye")\n' })
  const three = await at.run()
  expect(two.outputs['source-key']).toBe(one.outputs['source-key'])
  expect(three.outputs['source-key']).not.toBe(one.outputs['source-key'])
})

test('the same commit built twice is the same image', async () => {
  at = await stage()
  const one = await at.run()
  const two = await at.run()
  expect(two.outputs.digest).toBe(one.outputs.digest)
  expect(one.outputs.digest).toMatch(/^sha256:[0-9a-f]{64}$/)
})

test('max-age builds again what is older, with newer base images', async () => {
  at = await stage()
  const { outputs } = await at.run()
  const digest = at.simulator.addImage({ repository: 'shop', tags: [outputs['image-tag']!] })
  expect((await at.run({ 'max-age': '1h' })).outputs).toMatchObject({ built: 'false', digest })
  await new Promise((resolve) => setTimeout(resolve, 1100))
  const again = await at.run({ 'max-age': '1s' })
  expect(again.outputs.built).toBe('true')
  expect(again.log).toMatch(/the image of this source is \ds old, and max-age is 1s/)
  expect(at.dockerCalls().at(-1)!.argv).toEqual(expect.arrayContaining(['--pull', '--no-cache']))
})

test('lookup-only finds without Docker, and builds nothing where there is nothing', async () => {
  at = await stage()
  const missing = await at.run({ 'lookup-only': 'true' }, { docker: 'none' })
  expect(missing).toMatchObject({ exitCode: 0, outputs: { built: 'false', digest: '', 'oci-layout': '' } })
  expect(missing.log).toContain('To be built: ')
  const digest = at.simulator.addImage({ repository: 'shop', tags: [missing.outputs['image-tag']!] })
  const found = await at.run({ 'lookup-only': 'true' }, { docker: 'none' })
  expect(found).toMatchObject({ exitCode: 0, outputs: { ...missing.outputs, digest } })
})

test('rebuild builds anew what is there, and what it built is found from then on, where tags are immutable too', async () => {
  at = await stage({ seed: { repositories: [{ name: 'shop', mutability: 'IMMUTABLE' }] } })
  const first = await at.run()
  await at.push(first)
  // A base that has moved on, as far as the stand-in can play it: other bytes for the same source.
  const again = await at.run({ rebuild: 'true' }, { env: { SOURCE_DATE_EPOCH: '1748779999' } })
  expect(again.outputs).toMatchObject({ built: 'true', 'source-key': first.outputs['source-key'] })
  expect(again.outputs['image-tag']).toBe(`${first.outputs['image-tag']}-2`)
  expect(at.dockerCalls().at(-1)!.argv).toEqual(expect.arrayContaining(['--pull', '--no-cache']))
  expect(again.outputs.digest).not.toBe(first.outputs.digest)
  await at.push(again)
  const { 'image-tag': tag, digest } = again.outputs
  const before = at.ecrCalls().length
  expect((await at.run({}, { docker: 'none' })).outputs).toMatchObject({ built: 'false', 'image-tag': tag, digest })
  expect(at.ecrCalls().length - before).toBe(3)
})

test('what comes out the same again keeps its tag', async () => {
  at = await stage()
  const first = await at.run()
  await at.push(first)
  const again = await at.run({ rebuild: 'true' })
  expect(again.outputs).toMatchObject({
    built: 'true',
    digest: first.outputs.digest,
    'image-tag': first.outputs['image-tag'],
  })
})

test('the hundredth generation is found, and the next one is the hundred and first', async () => {
  at = await stage()
  const { outputs } = await at.run()
  const tags = ['', ...Array.from({ length: 99 }, (_, index) => `-${index + 2}`)]
  const digests = tags.map((suffix) =>
    at.simulator.addImage({ repository: 'shop', tags: [`${outputs['image-tag']}${suffix}`] }),
  )
  const run = await at.run({ 'lookup-only': 'true' }, { docker: 'none' })
  expect(run.outputs).toMatchObject({ digest: digests.at(-1), 'image-tag': `${outputs['image-tag']}-100` })
  const next = await at.run({ 'lookup-only': 'true', rebuild: 'true' }, { docker: 'none' })
  expect(next.outputs).toMatchObject({ digest: '', 'image-tag': `${outputs['image-tag']}-101` })
})

test('a promotion ships what was tested, whatever its age, and says so', async () => {
  at = await stage()
  const { outputs } = await at.run()
  const digest = at.simulator.addImage({ repository: 'shop', tags: [outputs['image-tag']!] })
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  const promote = { promotion: 'true', 'max-age': '1s', rebuild: 'true' }
  const run = await at.run(promote, { docker: 'none' })
  expect(run.outputs).toMatchObject({ built: 'false', digest })
  expect(run.annotations).toEqual([
    expect.objectContaining({ level: 'warning', message: expect.stringMatching(/^rebuild is left aside/) }),
    expect.objectContaining({ level: 'warning', message: expect.stringMatching(/older than max-age \(1s\), pushed/) }),
  ])
  // Without an image there is nothing to promote, and the source is built as ever.
  at.write({ 'src/server.js': 'console.log("bye")\n' })
  expect((await at.run(promote)).outputs.built).toBe('true')
})

test('git’s folder in the context is warned of, with the line that leaves it out', async () => {
  at = await stage()
  at.write({ '.git/HEAD': 'ref: refs/heads/main\n' })
  const run = await at.run({ 'lookup-only': 'true' })
  expect(run.annotations).toEqual([
    expect.objectContaining({
      level: 'warning',
      message: expect.stringMatching(/sends \.git, .*Add the line "\.git" to \.dockerignore/),
    }),
  ])
  at.write({ '.dockerignore': '.git\n' })
  expect((await at.run({ 'lookup-only': 'true' })).annotations).toEqual([])
})

test('the time of the commit in the Dockerfile is warned of', async () => {
  at = await stage()
  at.write({ Dockerfile: 'FROM node:24-alpine\nARG SOURCE_DATE_EPOCH\n' })
  const run = await at.run({ 'lookup-only': 'true' })
  expect(run.annotations).toEqual([
    expect.objectContaining({ message: expect.stringMatching(/each commit is a source of its own.*build-args/) }),
  ])
  const fixed = await at.run({ 'lookup-only': 'true', 'build-args': 'SOURCE_DATE_EPOCH=0' })
  expect(fixed.annotations).toEqual([])
})

test('an archived image is no hit', async () => {
  at = await stage()
  const { outputs } = await at.run()
  const imageDigest = at.simulator.addImage({ repository: 'shop', tags: [outputs['image-tag']!] })
  await at.archive(imageDigest)
  const again = await at.run()
  expect(again.outputs.built).toBe('true')
  expect(again.log).toContain('is ARCHIVED')
})

test('an index is a hit when it holds every platform, in three calls', async () => {
  at = await stage()
  const platforms = 'linux/amd64,linux/arm64'
  const first = await at.run({ platforms })
  expect(first).toMatchObject({ exitCode: 0, outputs: { built: 'true' } })
  const tag = first.outputs['image-tag']!
  at.simulator.addImage({ repository: 'shop', tags: [tag], platforms: ['linux/amd64'] })
  const lacking = await at.run({ platforms })
  expect(lacking.outputs.built).toBe('true')
  expect(lacking.log).toContain('lacks linux/arm64')

  const digest = at.simulator.addImage({ repository: 'shop', tags: [tag], platforms: platforms.split(',') })
  const before = at.ecrCalls().length
  expect((await at.run({ platforms: 'linux/arm64\nlinux/amd64' }, { docker: 'none' })).outputs).toMatchObject({
    built: 'false',
    digest,
  })
  expect(at.ecrCalls().length - before).toBe(3)
})

test('a missing repository is said and does not stop the build', async () => {
  at = await stage()
  const run = await at.run({ repository: 'nowhere' })
  expect(run.outputs.built).toBe('true')
  expect(run.annotations).toContainEqual(
    expect.objectContaining({
      message: expect.stringContaining('aws ecr create-repository --repository-name nowhere'),
    }),
  )
})

test('another account’s registry in another region is asked', async () => {
  at = await stage()
  const run = await at.run({ registry: '210987654321', 'registry-region': 'us-east-1' })
  // It has no policy for us, and the refusal says whose repository it is.
  expect(run.annotations).toEqual([
    expect.objectContaining({ message: expect.stringContaining('arn:aws:ecr:us-east-1:210987654321:repository/shop') }),
  ])
  expect(at.simulator.calls.map(({ region }) => region)).toEqual(['us-east-1', 'us-east-1'])
  expect(at.simulator.calls.map(({ input }) => (input as { registryId: string }).registryId)).toEqual(
    Array(2).fill('210987654321'),
  )
})

test('throttling is waited out', async () => {
  const effect = { kind: 'error', name: 'ThrottlingException', message: 'Rate exceeded' } as const
  at = await stage({ faults: [{ service: 'ecr', times: 2, effect }] })
  const run = await at.run()
  expect(run.outputs.built).toBe('true')
  expect(run.log).toContain('AWS is throttling')
})

test.each(['BatchGetImage', 'DescribeImages'])('without the right to %s it fails and names it', async (operation) => {
  at = await stage({ faults: [{ service: 'ecr', operation, effect: { kind: 'deny' } }] })
  const run = await at.run()
  expect(run.exitCode).toBe(1)
  expect(run.annotations).toEqual([expect.objectContaining({ message: expect.stringContaining(`ecr:${operation}`) })])
  expect(at.dockerCalls()).toEqual([])
})

describe('wrong inputs fail before any call', () => {
  test.each([
    [{ repository: '' }, /"repository" is required/],
    [{ repository: 'Shop' }, /"repository" is "Shop".*lower/],
    [{ registry: '123' }, /"registry" is "123".*twelve digits/],
    [{ context: 'nowhere' }, /"context" is "nowhere"/],
    [{ context: 'https://github.com/example/shop.git' }, /"context" is "https.*actions\/checkout/],
    [{ dockerfile: 'Nofile' }, /no Dockerfile at .*Nofile/],
    [{ platforms: 'amd64' }, /"platforms" has "amd64".*linux\/amd64/],
    [{ 'max-age': 'a week' }, /"max-age" is "a week".*7d/],
    [{ 'build-args': '=x' }, /"build-args" has "=x"/],
    [{ 'build-args': 'INPUT_REGISTRY' }, /"build-args" has "INPUT_REGISTRY" without a value.*INPUT_REGISTRY=value/],
    [{ 'build-args': 'BUILD_SECRET_1' }, /"build-args" has "BUILD_SECRET_1" without a value/],
    [{ ssh: 'default\n=key' }, /"ssh" has "=key".*SSH_AUTH_SOCK/],
    [{ 'build-contexts': 'docs=./nowhere' }, /"build-contexts".*nowhere is not a folder/],
    [{ secrets: 'npm-token=' }, /"npm-token" is empty/],
    [{ secrets: 'NO_SUCH_VARIABLE' }, /no environment variable of that name/],
    [{ 'cache-to': 'mode=max' }, /"cache-to" has "mode=max"/],
    [{ 'migrations-path': 'nowhere' }, /migrations directory .*nowhere" does not exist/],
    [
      { labels: 'io.github.deploy-actions.schema-level=1.00000000' },
      /"labels" sets io.github.deploy-actions.schema-level/,
    ],
    [{ provenance: 'most' }, /"provenance" is "most".*min, max/],
    [{ output: 'src' }, /"output" is .*src", which exists/],
  ])('%j', async (inputs, message) => {
    at = await stage()
    const run = await at.run(inputs as Record<string, string>)
    expect(run.exitCode).toBe(1)
    expect(run.annotations).toEqual([
      expect.objectContaining({ level: 'error', message: expect.stringMatching(message) }),
    ])
    expect(at.simulator.calls).toEqual([])
    expect(at.dockerCalls()).toEqual([])
  })

  test('no region', async () => {
    at = await stage()
    const run = await at.run({}, { env: { AWS_REGION: '', AWS_DEFAULT_REGION: '' } })
    expect(run.annotations).toEqual([
      expect.objectContaining({ message: expect.stringMatching(/No AWS region.*"region"/) }),
    ])
  })
})

test('a folder for the layout of one’s own, with signs that mean something to buildx', async () => {
  at = await stage()
  const run = await at.run({ output: 'images/a, "b"' })
  expect(run).toMatchObject({ exitCode: 0, outputs: { 'oci-layout': path.join(at.workspace, 'images/a, "b"') } })
  expect(existsSync(path.join(run.outputs['oci-layout']!, 'index.json'))).toBe(true)
})

test('a run that was cut short leaves no half layout behind for the next', async () => {
  at = await stage()
  const run = await at.run()
  const layout = run.outputs['oci-layout']!
  rmSync(path.join(layout, 'index.json'))
  const again = await at.run()
  expect(again.exitCode).toBe(0)
  expect(JSON.parse(readFileSync(path.join(layout, 'index.json'), 'utf8')).manifests).toHaveLength(1)
})
