import path from 'node:path'
import { type Log, systemClock } from '@deploy-actions/action-kit'
import { manifestDigest, openOciLayout, openRegistry, plainAccess, pushImage } from '@deploy-actions/ecr'
import type { ActionRun } from '@deploy-actions/workflow-runner'
import { bigLayout } from '../../packages/ecr/bench/big-layout.ts'
import { startLine } from '../../packages/ecr/test/support/line.ts'
import { shop, withSecret } from './builds.ts'
import { assert, check } from './harness.ts'
import { found, manifestBytes, noEngine, noRegistry, noSkopeo, output, text, type World } from './world.ts'

const quiet: Log = { info() {}, debug() {}, notice() {}, warning() {}, error() {}, group: async (_, body) => body() }

/** The image in two registries, brought back by clients that nobody here wrote, and compared byte for byte. */
export async function checkRegistries(world: World, built: ActionRun | undefined): Promise<void> {
  const unless = !built && 'nothing was built'
  const host = new URL(world.simulator.url).host
  const layout = built?.outputs['oci-layout'] ?? ''
  const digest = built?.outputs.digest ?? ''
  const tag = built?.outputs['image-tag'] ?? ''

  await check('push-ecr sends the layout, and build-image finds it without Docker in two calls', unless, async () => {
    const pushed = await world.push(built!)
    assert.equal(pushed.exitCode, 0, pushed.log)
    assert.equal(pushed.outputs.digest, digest)
    const before = world.simulator.calls.length
    const again = await world.build(shop('multi-stage'), withSecret, { env: { PATH: '/nonexistent' } })
    assert.deepEqual([again.outputs.built, again.outputs.digest], ['false', digest], again.log)
    assert.equal(world.simulator.calls.length - before, 2)
  })

  const places: { name: string; reference: string; skopeo: string[]; unless: string | false }[] = [
    {
      name: 'the simulator',
      reference: `${host}/shop`,
      skopeo: ['--creds', `AWS:${password(await token(world))}`],
      unless,
    },
    {
      name: 'docker-registry',
      reference: found.registry ? `${new URL(found.registry).host}/shop` : '',
      skopeo: [],
      unless: unless || noRegistry,
    },
  ]

  await check('our push client works against docker-registry as it is', unless || noRegistry, async () => {
    const registry = openRegistry(plainAccess(found.registry!), { clock: systemClock, log: quiet })
    const result = await pushImage(await openOciLayout(layout), registry, 'shop', [tag])
    registry.close()
    assert.equal(result.digest, digest)
  })

  await check('a push survives a registry that is away for a minute in mid-blob', noRegistry, async () => {
    const line = await startLine(found.registry!)
    const registry = openRegistry(plainAccess(line.origin), { clock: systemClock, log: quiet })
    try {
      const large = await openOciLayout(await bigLayout(path.join(found.work, 'away'), 64 * 1024 ** 2, 'away'))
      line.onBytes = (sum) => {
        if (sum < 16 * 1024 ** 2) return
        delete line.onBytes
        line.behave('away')
        setTimeout(() => line.behave('pass'), 60_000)
      }
      const { digest } = await pushImage(large, registry, 'away', ['prod'])
      assert.equal(await manifestDigest(registry, 'away', 'prod'), digest)
    } finally {
      registry.close()
      line.close()
    }
  })

  if (found.engine)
    await output('docker', ['login', '--username', 'AWS', '--password-stdin', host], password(await token(world)))
  for (const { name, reference, skopeo, unless } of places) {
    await check(`skopeo reads from ${name} exactly the bytes of the layout`, unless || noSkopeo, async () => {
      const raw = await output('skopeo', [
        'inspect',
        '--raw',
        '--tls-verify=false',
        ...skopeo,
        `docker://${reference}:${tag}`,
      ])
      assert.deepEqual(raw, manifestBytes(layout, digest))
    })
    await check(`docker pulls the digest from ${name}, and the image runs`, unless || noEngine, async () => {
      const said = await text('docker', ['pull', `${reference}:${tag}`])
      assert.ok(said.includes(`Digest: ${digest}`), said)
      assert.equal(await text('docker', ['run', '--rm', '--network', 'none', `${reference}@${digest}`]), 'HELLO\n')
      await output('docker', ['image', 'rm', '--force', `${reference}:${tag}`])
    })
  }

  await check('docker pushes to the simulator what docker then pulls from it', unless || noEngine, async () => {
    await output('docker', ['pull', `${host}/shop:${tag}`])
    await output('docker', ['tag', `${host}/shop:${tag}`, `${host}/shop:by-docker`])
    const said = await text('docker', ['push', `${host}/shop:by-docker`])
    const pushed = said.match(/digest: (sha256:[0-9a-f]{64})/)?.[1]
    assert.ok(pushed, said)
    assert.match(await text('docker', ['pull', `${host}/shop:by-docker`]), new RegExp(`Digest: ${pushed}`))
  })
}

async function token({ simulator }: World): Promise<string> {
  const { ecrClient } = await import('@deploy-actions/ecr')
  const { GetAuthorizationTokenCommand } = await import('@aws-sdk/client-ecr')
  Object.assign(process.env, simulator.env)
  const ecr = ecrClient({ region: simulator.env.AWS_REGION!, clock: systemClock, log: quiet })
  const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}))
  return authorizationData![0]!.authorizationToken!
}

function password(authorization: string): string {
  return Buffer.from(authorization, 'base64').toString().replace(/^AWS:/, '')
}
