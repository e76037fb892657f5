import { runAction } from '@deploy-actions/action-kit'
import { parseInputs } from './inputs.ts'

await runAction('build-image', {
  async main(runtime) {
    const inputs = parseInputs(runtime.inputs, runtime.github, runtime.env)
    for (const { value } of inputs.secrets) for (const line of value.split('\n')) if (line.trim()) runtime.mask(line)
    const { log, clock, cancelled } = runtime
    // Loaded only now: a mistake in the inputs is said without waiting for the AWS SDK.
    const [{ ecrClient }, { run }] = await Promise.all([import('@deploy-actions/ecr'), import('./run.ts')])
    const ecr = ecrClient({ region: inputs.region, log, clock, signal: cancelled })
    const image = await run(inputs, { ...runtime, ecr })
    return {
      outputs: {
        'source-key': image.sourceKey,
        'image-tag': image.imageTag,
        built: image.built,
        digest: image.digest,
        'oci-layout': image.layout,
        'schema-level': image.schemaLevel,
      },
    }
  },
})
