import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { dockerScript, imageConfig, type Stage, stage, standInDocker } from './support/stage.ts'

let at: Stage
afterEach(() => at?.close())

const error = (message: unknown) => [expect.objectContaining({ level: 'error', message })]

describe('what is missing is named, with the step that brings it', () => {
  test('no program docker', async () => {
    at = await stage()
    const run = await at.run({}, { docker: 'none' })
    expect(run.annotations).toEqual(error(expect.stringMatching(/no program "docker".*setup-docker-action/)))
  })

  test('no buildx', async () => {
    at = await stage()
    const run = await at.run({}, { env: { DOCKER_STAND_IN_MISSING: 'buildx' } })
    expect(run.annotations).toEqual(error(expect.stringMatching(/buildx is missing.*docker\/setup-buildx-action/)))
  })

  test('no engine behind the engine’s own builder', async () => {
    at = await stage()
    const env = { DOCKER_STAND_IN_MISSING: 'daemon', DOCKER_STAND_IN_DRIVER: 'docker' }
    const run = await at.run({}, { env })
    expect(run.annotations).toEqual(error(expect.stringMatching(/no Docker engine answers.*setup-docker-action/)))
  })

  test('no engine under a builder in a container, which shows while it builds', async () => {
    at = await stage()
    const docker = dockerScript(
      at.folder,
      `case "$2" in
        version) echo v0.36.1 ;;
        inspect) printf 'Name: b\\nDriver: docker-container\\n' ;;
        build) echo 'ERROR: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?' >&2; exit 1 ;;
      esac`,
    )
    const run = await at.run({}, { docker })
    expect(run.annotations).toEqual(error(expect.stringMatching(/no Docker engine answers/)))
  })

  test('no such builder', async () => {
    at = await stage()
    const docker = dockerScript(
      at.folder,
      `[ "$2" = version ] && exit 0
       echo "ERROR: no builder \\"$3\\" found" >&2; exit 1`,
    )
    const run = await at.run({ builder: 'arm' }, { docker })
    expect(run.annotations).toEqual(error(expect.stringMatching(/no usable builder "arm": no builder "arm" found\./)))
  })
})

test('only the build sees secrets and credentials: what is merely asked gets an environment without them', async () => {
  at = await stage()
  const run = await at.run(
    { secrets: 'token=s3cr3t', 'build-args': 'A=b' },
    { env: { FROM_ENV: 's3cr3t-env', DOCKER_STAND_IN_DRIVER: 'docker', GITHUB_TOKEN: 's3cr3t-token' } },
  )
  expect(run.exitCode).toBe(0)
  const asked = at.dockerCalls().filter(({ argv }) => argv[1] !== 'build')
  expect(asked.map(({ argv }) => argv.slice(0, 2).join(' '))).toEqual(
    expect.arrayContaining(['buildx version', 'buildx inspect', 'info --format']),
  )
  const leaking = /^(INPUT_|AWS_|BUILD_SECRET_|GITHUB_|ACTIONS_|FROM_ENV)/
  for (const { env } of asked) expect(env.filter((name) => leaking.test(name))).toEqual([])
})

test('the arguments carry what was asked', async () => {
  at = await stage()
  const run = await at.run(
    {
      target: 'final',
      'build-args': 'VERSION=1=2\nFROM_ENV\nUNSET_HERE',
      labels: 'team=shop\norg.opencontainers.image.version=1.2.3',
      'cache-from': 'gha\ntype=registry,ref=host/shop:cache',
      'cache-to': 'none',
      'no-cache': 'true',
      ssh: 'default\nbastion=/keys/bastion',
    },
    { env: { FROM_ENV: 'value from outside' } },
  )
  expect(run.annotations).toEqual(error(expect.stringContaining('target stage "final" could not be found')))
  const { argv } = at.dockerCalls().at(-1)!
  const valuesOf = (flag: string) => argv.filter((_, index) => argv[index - 1] === flag)
  expect(argv.slice(0, 3)).toEqual(['buildx', 'build', '--progress=plain'])
  expect(valuesOf('--build-arg')).toEqual(['VERSION=1=2', 'FROM_ENV'])
  expect(valuesOf('--label')).toEqual(expect.arrayContaining(['team=shop', 'org.opencontainers.image.version=1.2.3']))
  expect(valuesOf('--cache-from')).toEqual(['type=gha', 'type=registry,ref=host/shop:cache'])
  expect(valuesOf('--cache-to')).toEqual([])
  expect(valuesOf('--ssh')).toEqual(['default', 'bastion=/keys/bastion'])
  expect(valuesOf('--platform')).toEqual(['linux/amd64'])
  expect(argv).toEqual(expect.arrayContaining(['--no-cache', '--provenance=false', '--sbom=false']))
  expect(argv).not.toContain('--pull')
  expect(argv.at(-1)).toBe(at.workspace)
})

test('secrets are in no argument, no log and no layer', async () => {
  at = await stage()
  const multiline = '-----BEGIN KEY-----\nc2VjcmV0LWtleQ\n-----END KEY-----'
  const run = await at.run(
    { secrets: `npm-token=s3cr3t-t0ken\nFROM_ENV\ndeploy-key<<END\n${multiline}\nEND` },
    { env: { FROM_ENV: 's3cr3t-env' } },
  )
  expect(run.exitCode).toBe(0)
  const build = at.dockerCalls().at(-1)!
  expect(build.argv).toEqual(
    expect.arrayContaining([
      'id=npm-token,env=BUILD_SECRET_1',
      'id=FROM_ENV,env=BUILD_SECRET_2',
      'id=deploy-key,env=BUILD_SECRET_3',
    ]),
  )
  expect(build.env).toEqual(expect.arrayContaining(['BUILD_SECRET_1', 'BUILD_SECRET_2', 'BUILD_SECRET_3']))
  expect(build.env.filter((name) => name.startsWith('INPUT_'))).toEqual([])
  expect(run.masks).toEqual(expect.arrayContaining(['s3cr3t-t0ken', 's3cr3t-env', 'c2VjcmV0LWtleQ']))

  const words = ['s3cr3t-t0ken', 's3cr3t-env', 'c2VjcmV0LWtleQ']
  const layout = run.outputs['oci-layout']!
  const blobs = readdirSync(path.join(layout, 'blobs/sha256')).map((name) =>
    readFileSync(path.join(layout, 'blobs/sha256', name), 'latin1'),
  )
  for (const text of [...blobs, run.log, run.summary, JSON.stringify(at.dockerCalls()), JSON.stringify(run.outputs)])
    for (const word of words) expect(text).not.toContain(word)
})

test('the step that failed and its place become the annotation', async () => {
  at = await stage()
  at.write({ Dockerfile: 'FROM scratch\nCOPY src /src\nCOPY dist /app\n' })
  const run = await at.run()
  expect(run.exitCode).toBe(1)
  expect(run.annotations).toEqual(
    error(expect.stringMatching(/Dockerfile:3, \[stage-0\] COPY dist \/app: "\/dist": not found/)),
  )
  expect(run.outputs['oci-layout']).toBeUndefined()
  expect(existsSync(path.join(at.folder, 'temp/build-image'))).toBe(true)
  expect(readdirSync(path.join(at.folder, 'temp/build-image'))).toEqual([])
})

test.each([
  ['cut short', 'for blob in "$dest"/blobs/sha256/*; do : > "$blob"; done'],
  ['without a blob', 'rm "$(ls -S "$dest"/blobs/sha256/* | tail -n 1)"'],
  ['without an index', 'rm "$dest/index.json"'],
])('a layout that is %s is no image', async (_name, damage) => {
  at = await stage()
  const docker = dockerScript(
    at.folder,
    `${standInDocker} "$@" || exit $?
     for arg in "$@"; do case "$arg" in type=oci,*) dest=\${arg#*dest=}; dest=\${dest%%,tar=*}; ${damage} ;; esac; done`,
  )
  const run = await at.run({}, { docker: `${docker}:/usr/bin:/bin` })
  expect(run.exitCode).toBe(1)
  expect(run.outputs).toEqual({})
  expect(readdirSync(path.join(at.folder, 'temp/build-image'))).toEqual([])
})

test('cancel interrupts docker, says so, and leaves nothing half built', async () => {
  at = await stage()
  const trace = path.join(at.folder, 'signals')
  const docker = dockerScript(
    at.folder,
    `case "$2" in
      version) exit 0 ;;
      inspect) printf 'Driver: docker-container\\n' ;;
      build) trap 'echo interrupted > "${trace}"; exit 130' INT
        echo '#1 [1/2] RUN sleep' >&2
        i=0; while [ $i -lt 300 ]; do i=$((i+1)); sleep 0.1; done ;;
    esac`,
  )
  const cancel = new AbortController()
  const run = await at.run(
    {},
    {
      docker: `${docker}:/usr/bin:/bin`,
      signal: cancel.signal,
      onLine: (line) => {
        if (line.includes('RUN sleep')) cancel.abort()
      },
    },
  )
  expect(run).toMatchObject({ exitCode: 1, cancelled: true, killed: false })
  expect(run.annotations).toEqual(error(expect.stringContaining('cancelled while docker was at work')))
  expect(readFileSync(trace, 'utf8')).toBe('interrupted\n')
})

describe('the engine’s own builder, without the containerd image store', () => {
  const env = { DOCKER_STAND_IN_DRIVER: 'docker' }

  test('loads and saves, and comes to the same digest', async () => {
    at = await stage()
    const direct = await at.run()
    const loaded = await at.run({}, { env })
    expect(loaded.exitCode).toBe(0)
    expect(loaded.annotations).toEqual([
      expect.objectContaining({
        level: 'notice',
        message: expect.stringContaining('loaded into the engine and saved'),
      }),
    ])
    expect(at.dockerCalls().map(({ argv }) => argv[0])).toContain('save')
    expect(loaded.outputs.digest).toBe(direct.outputs.digest)
    expect(imageConfig(loaded.outputs['oci-layout']!).config.WorkingDir).toBe('/app')
    await at.push(loaded)
    expect((await at.run({}, { docker: 'none' })).outputs).toMatchObject({
      built: 'false',
      digest: direct.outputs.digest,
    })
  })

  test('says what it can’t do before it builds', async () => {
    at = await stage()
    const run = await at.run({ platforms: 'linux/amd64,linux/arm64', sbom: 'true', 'cache-to': 'gha' }, { env })
    expect(run.annotations).toEqual(
      error(expect.stringMatching(/several platforms .*, an SBOM, cache-to.*setup-buildx-action/)),
    )
    expect(at.dockerCalls().filter(({ argv }) => argv[1] === 'build')).toEqual([])
  })
})
