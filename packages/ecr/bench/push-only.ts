import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { githubLog, systemClock } from '@deploy-actions/action-kit'
import { openDaemonImage, openOciLayout, openRegistry, plainAccess, pushImage } from '../src/index.ts'

// What push-ecr does with a layout or docker://name:tag, against a registry that is not ECR.
const [origin = '', repository = '', image = ''] = process.argv.slice(2)
const log = githubLog()
const registry = openRegistry(plainAccess(origin), { clock: systemClock, log })
const temp = mkdtempSync(path.join(tmpdir(), 'push-only-'))
const daemonImage = image.match(/^docker:\/\/(.*)$/)?.[1]
const source = daemonImage ? await openDaemonImage(daemonImage, { temp }) : await openOciLayout(image)
await pushImage(source, registry, repository, ['1'])
await source.close()
rmSync(temp, { recursive: true })
registry.close()
