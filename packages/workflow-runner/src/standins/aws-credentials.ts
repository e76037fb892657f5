import type { StandIn } from './stand-in.ts'

const exported = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN', 'AWS_DEFAULT_REGION', 'AWS_REGION']

/**
 * Stands in for aws-actions/configure-aws-credentials: exports the credentials of a simulator instead of asking AWS
 * for them. `env` holds what every later step gets, such as AWS_ENDPOINT_URL and AWS_ACCESS_KEY_ID; the region is
 * the input's. Like the action with a role, it needs `id-token: write`.
 */
export function awsCredentials(env: Record<string, string>): StandIn {
  return {
    inputs: {
      'role-to-assume': { required: true },
      'aws-region': { required: true },
      'role-session-name': {},
      'role-duration-seconds': {},
      'mask-aws-account-id': { default: 'false' },
      'unset-current-credentials': { default: 'false' },
      'allowed-account-ids': {},
      'output-credentials': { default: 'false' },
      audience: {},
      'retry-max-attempts': {},
    },
    needs: { 'id-token': 'write' },
    run(step) {
      const role = step.inputs['role-to-assume'] ?? ''
      const account = /^arn:aws[\w-]*:iam::(\d{12}):role\//.exec(role)?.[1]
      if (!account) return step.fail(`Could not assume role with OIDC: '${role}' is not the ARN of a role`)
      const region = step.inputs['aws-region'] ?? ''
      const variables = { ...env, AWS_REGION: region, AWS_DEFAULT_REGION: region }
      for (const secret of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'])
        if (env[secret]) step.mask(env[secret])
      if (step.inputs['mask-aws-account-id'] === 'true') step.mask(account)
      for (const [name, value] of Object.entries(variables)) step.exportVariable(name, value)
      step.setOutput('aws-account-id', account)
      step.log(`Assuming role with OIDC: ${role}`)
    },
    // The action's own clean-up: steps whose post runs later have no credentials any more.
    post(step) {
      for (const name of exported) step.exportVariable(name, '')
    },
  }
}
