import { commit, errorOf, type Stage, stage } from './support.ts'

let on: Stage
beforeAll(async () => {
  on = await stage()
})
afterAll(() => on.close())

const digest = `sha256:${'a'.repeat(64)}`

test.each<[Record<string, string>, string]>([
  [{ repository: '' }, 'Input "repository" is required: the name of the ECR repository'],
  [{ repository: 'Shop/Api' }, 'Repository names are in lower case: "shop/api".'],
  [{ repository: '123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/api' }, "Leave out the registry's host"],
  [{ image: '' }, 'Inputs "image" and "digest" are both empty'],
  [{ image: 'oci://somewhere' }, 'Input "image" is "oci://somewhere". Valid: the path of an OCI layout'],
  [{ image: 'docker://--help' }, 'Input "image" is "docker://--help"'],
  [{ image: './nothing-here' }, 'Input "image" is "./nothing-here", and there is no such file or directory'],
  [{ digest: 'sha256:abc' }, 'Input "digest" is "sha256:abc". Valid: sha256: followed by 64 hex digits'],
  [{ tags: 'v1, shop/api:v2' }, 'Input "tags" holds "shop/api:v2"'],
  [{ tags: '' }, 'Input "tags" is empty. Valid: tags to set, or no input at all for sha-<commit> alone.'],
  [{ tags: 'v1,,v2' }, 'Input "tags" is "v1,,v2"'],
  [{ tags: '.v1' }, 'Input "tags" holds ".v1"'],
  [{ registry: '123.dkr.ecr' }, 'Input "registry" is "123.dkr.ecr". Valid: the twelve digits'],
  [{ registry: '123456789012.dkr.ecr.eu-west-1.amazonaws.com' }, 'Give only the account id, 123456789012'],
  [{ 'registry-region': 'Frankfurt' }, 'Input "registry-region" is "Frankfurt"'],
  [{ region: 'eu' }, 'Input "region" is "eu". Valid: an AWS region'],
  [{ platform: 'arm64' }, 'Input "platform" is "arm64". Valid: os/architecture'],
  [{ image: '', digest, platform: 'linux/arm64' }, 'Input "platform" chooses from "image", which is empty'],
  [{ 'create-repository': 'yes' }, 'Input "create-repository" is "yes". Valid: true or false'],
  [{ 'tag-mutability': 'frozen' }, 'Input "tag-mutability" is "frozen". Valid: mutable, immutable'],
  [{ 'movable-tags': 'prod*' }, 'Input "movable-tags" has a meaning only with "tag-mutability: immutable"'],
  [{ 'movable-tags': 'a,b,c,d,e,f', 'tag-mutability': 'immutable' }, 'Input "movable-tags" has 6 entries'],
  [{ scan: 'maybe' }, 'Input "scan" is "maybe". Valid: none, wait, start'],
  [{ 'fail-on-severity': 'awful' }, 'Input "fail-on-severity" is "awful". Valid: critical, high'],
  [{ 'scan-timeout': '10' }, 'Input "scan-timeout" is "10". Valid: a duration'],
  [{ 'on-unsupported': 'ignore' }, 'Input "on-unsupported" is "ignore". Valid: warn, fail'],
  [{ 'mount-from': 'Base' }, 'Input "mount-from" is "Base"'],
])('%j ends before any call', async (inputs, message) => {
  const { layout } = await on.image()
  const run = await on.run({ image: layout, ...inputs })
  expect(run.exitCode).toBe(1)
  expect(errorOf(run)[0]).toContain(message)
  expect(run.log).not.toContain('defect of the action')
  expect(on.simulator.calls).toEqual([])
})

test('no region at all, and no commit, end before any call', async () => {
  const { layout } = await on.image()
  const noRegion = await on.run({ image: layout }, { env: { AWS_REGION: '', AWS_DEFAULT_REGION: '' } })
  expect(errorOf(noRegion)[0]).toContain('No AWS region: input "region" is empty')
  const noCommit = await on.run({ image: layout }, { github: { sha: '' } })
  expect(errorOf(noCommit)[0]).toContain('GITHUB_SHA is ""')
  expect(commit).toHaveLength(40)
  expect(on.simulator.calls).toEqual([])
})
