import { DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs'
import type { Deps } from '../../deps.ts'
import type { Inputs } from '../../inputs.ts'
import type { Wanted } from '../../revision/types.ts'
import type { Check } from './types.ts'

/** Whether the log groups of the awslogs driver exist; without its group a task does not start. */
export async function checkLogGroups(inputs: Inputs, wanted: Wanted[], deps: Deps): Promise<Check[]> {
  const groups = new Set<string>()
  for (const { definition } of wanted)
    for (const { logConfiguration } of definition.containerDefinitions ?? []) {
      const options = logConfiguration?.options ?? {}
      const here = (options['awslogs-region'] ?? inputs.region) === inputs.region
      const group = options['awslogs-group']
      if (logConfiguration?.logDriver === 'awslogs' && group && here && options['awslogs-create-group'] !== 'true')
        groups.add(group)
    }
  return Promise.all([...groups].map((group) => checkGroup(group, deps)))
}

async function checkGroup(name: string, deps: Deps): Promise<Check> {
  const logs = await deps.clients.logs()
  let nextToken: string | undefined
  do {
    const page = await logs.send(
      new DescribeLogGroupsCommand({ logGroupNamePrefix: name, ...(nextToken && { nextToken }) }),
    )
    if (page.logGroups?.some(({ logGroupName }) => logGroupName === name))
      return { level: 'ok', text: `Log group ${name} exists.` }
    nextToken = page.nextToken
  } while (nextToken)
  return {
    level: 'problem',
    text: `Log group ${name} does not exist, and the awslogs driver is not told to create it: no task would start. Create it, or set awslogs-create-group.`,
  }
}
