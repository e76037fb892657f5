import { checkBuilds } from './builds.ts'
import { checkContexts } from './context.ts'
import { finish } from './harness.ts'
import { checkRegistries } from './registries.ts'
import { openWorld } from './world.ts'

const world = await openWorld()
try {
  const built = await checkBuilds(world)
  await checkRegistries(world, built)
  await checkContexts(world)
} finally {
  await world.simulator.close()
}
finish()
