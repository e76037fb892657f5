import { GetParametersCommand } from '@aws-sdk/client-ssm'
import type { Deps } from '../../deps.ts'
import type { Inputs } from '../../inputs.ts'
import type { Wanted } from '../../revision/types.ts'
import type { Check } from './types.ts'

/**
 * Whether the parameters that containers refer to exist. Their values are not decrypted (SSM API: GetParameters,
 * ten names a call).
 */
export async function checkSecrets(inputs: Inputs, wanted: Wanted[], deps: Deps): Promise<Check[]> {
  const secrets = wanted.flatMap(({ definition }) =>
    (definition.containerDefinitions ?? []).flatMap(({ secrets = [] }) => secrets),
  )
  const variables = new Map(secrets.flatMap(({ name = '', valueFrom }) => (valueFrom ? [[valueFrom, name]] : [])))
  const references = [...variables.keys()]
  if (references.length === 0) return []
  // What neither is an ARN nor begins a path may be the secret itself, put in the wrong place.
  const nameOf = (reference: string) =>
    /^(arn:|\/)/.test(reference) ? shortName(reference) : `the one that ${variables.get(reference)} names`
  const elsewhere = references.filter((reference) => !isParameterHere(reference, inputs.region))
  const names = references.filter((reference) => !elsewhere.includes(reference))
  const missing: string[] = []
  for (let at = 0; at < names.length; at += 10) {
    const { InvalidParameters = [] } = await (await deps.clients.ssm()).send(
      new GetParametersCommand({ Names: names.slice(at, at + 10), WithDecryption: false }),
    )
    missing.push(...InvalidParameters)
  }
  const found = names.length - missing.length
  return [
    ...(missing.length > 0
      ? [
          {
            level: 'problem' as const,
            text: `SSM parameters that do not exist in ${inputs.region}: ${missing.map(nameOf).join(', ')}.`,
          },
        ]
      : []),
    ...(found > 0
      ? [{ level: 'ok' as const, text: `${found} SSM parameter${found === 1 ? '' : 's'} of the containers exist.` }]
      : []),
    ...(elsewhere.length > 0
      ? [
          {
            level: 'unknown' as const,
            text: `Not looked up, as they are in Secrets Manager or in another region: ${elsewhere.map(nameOf).join(', ')}.`,
          },
        ]
      : []),
  ]
}

function isParameterHere(reference: string, region: string): boolean {
  return !reference.startsWith('arn:') || new RegExp(`^arn:[\\w-]+:ssm:${region}:\\d+:parameter/`).test(reference)
}

function shortName(reference: string): string {
  return reference.split(':').slice(5).join(':') || reference
}
