import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { oldDockerArchive, tarOf } from '../../../packages/ecr/test/support/images.ts'
import { errorOf, noise, type Stage, stage } from './support.ts'

let on: Stage
const start = async () => {
  on = await stage()
}
afterEach(() => on.close())

describe('images of the local daemon', () => {
  /** A `docker` that writes a saved image, or complains. */
  function fakeDocker(script: string): Record<string, string> {
    const bin = path.join(on.folder, 'bin')
    mkdirSync(bin)
    writeFileSync(path.join(bin, 'docker'), `#!/bin/sh\n${script}\n`)
    chmodSync(path.join(bin, 'docker'), 0o755)
    return { PATH: `${bin}:/usr/bin:/bin` }
  }
  const savedImage = async () => {
    const file = path.join(on.folder, 'saved.tar')
    writeFileSync(file, await tarOf(await oldDockerArchive(['one', noise(200_000)])))
    return file
  }

  test('are saved, compressed and pushed', async () => {
    await start()
    const env = fakeDocker(`[ "$*" = "save shop:1" ] && cat '${await savedImage()}'`)
    const temp = path.join(on.folder, 'temp')
    const run = await on.run({ image: 'docker://shop:1', tags: 'v1' }, { env, temp })
    expect(errorOf(run)).toEqual([])
    expect(run.outputs.pushed).toBe('true')
    expect((await on.stored('v1'))?.digest).toBe(run.outputs.digest)
    expect(readdirSync(temp)).toEqual([])
  })

  test.each([
    [
      'echo "Error response from daemon: reference does not exist" >&2; exit 1',
      'The local Docker daemon has no image "shop:1"',
    ],
    [
      'echo "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?" >&2; exit 1',
      'The Docker daemon does not answer',
    ],
    [
      'echo "Error response from daemon: something odd" >&2; exit 1',
      'docker save shop:1 failed: Error response from daemon: something odd',
    ],
    ['printf partial; exit 0', 'Image shop:1 of the local Docker daemon is truncated: it ends after 7 bytes'],
  ])('%s', async (script, message) => {
    await start()
    const run = await on.run({ image: 'docker://shop:1' }, { env: fakeDocker(script) })
    expect(run.exitCode).toBe(1)
    expect(errorOf(run)[0]).toContain(message)
    expect(on.simulator.calls).toEqual([])
  })

  test('no docker at all is said', async () => {
    await start()
    const run = await on.run({ image: 'docker://shop:1' }, { env: { PATH: on.folder } })
    expect(errorOf(run)[0]).toContain('there is no "docker" command on this runner')
  })

  test('a disk that is full while saving', async () => {
    await start()
    const temp = path.join(on.folder, 'small')
    mkdirSync(temp)
    // Only root may mount; elsewhere the same code is met by /dev/full in the package's tests.
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', temp]).status !== 0) return
    try {
      const run = await on.run({ image: 'docker://shop:1' }, { env: fakeDocker(`cat '${await savedImage()}'`), temp })
      expect(errorOf(run)[0]).toMatch(
        /The disk is full: .*saved\.tar could not be written \(ENOSPC\)\. Nothing was pushed/,
      )
      expect(on.simulator.calls).toEqual([])
    } finally {
      spawnSync('umount', [temp])
    }
  })
})
