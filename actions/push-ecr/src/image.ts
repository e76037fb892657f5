import { UserError } from '@deploy-actions/action-kit'
import { type ImageSource, onlyPlatform, openDaemonImage, openImageFile } from '@deploy-actions/ecr'
import type { Deps } from './deps.ts'
import type { Inputs } from './inputs.ts'

/** The image in question; without a source it is only known by its digest. */
export interface Image extends AsyncDisposable {
  digest: string
  source: ImageSource | undefined
}

/** Opens the image that the inputs name, and checks that it is the expected one. */
export async function openImage(inputs: Inputs, { log, temp, cancelled, env }: Deps): Promise<Image> {
  const { image: location, digest, platform } = inputs
  if (!location) return { digest: digest!, source: undefined, [Symbol.asyncDispose]: async () => {} }

  // A platform's digest is not that of the whole image, so it can't choose among the images of a layout.
  const options = { temp, ...(platform ? {} : { digest }) }
  const whole =
    'daemon' in location
      ? await openDaemonImage(location.daemon, { ...options, signal: cancelled, env })
      : await openImageFile(location.path, options)
  const close = async () => whole.close()
  try {
    const source = platform ? await onlyPlatform(whole, platform) : whole
    if (digest && source.root.digest !== digest)
      throw new UserError(
        `Input "digest" is "${digest}", but ${source.description} is ${source.root.digest}. Nothing was pushed. Give the digest of the same build, or leave the input out.`,
      )
    log.info(`${source.description}: ${source.root.digest}`)
    return { digest: source.root.digest, source, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}
