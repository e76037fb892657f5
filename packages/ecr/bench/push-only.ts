import { githubLog, systemClock } from '@deploy-actions/action-kit'
import { openOciLayout, openRegistry, plainAccess, pushImage } from '../src/index.ts'

// What push-ecr does with a layout, against a registry that is not ECR.
const [origin = '', repository = '', layout = ''] = process.argv.slice(2)
const log = githubLog((text) => void process.stdout.write(text))
const registry = openRegistry(plainAccess(origin), { clock: systemClock, log })
await pushImage(await openOciLayout(layout), registry, repository, ['1'])
registry.close()
