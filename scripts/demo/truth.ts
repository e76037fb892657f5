import { BatchGetImageCommand, ECRClient } from '@aws-sdk/client-ecr'
import { DescribeTasksCommand, ECSClient, ListTasksCommand } from '@aws-sdk/client-ecs'
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import type { Simulator } from '@deploy-actions/aws-simulator'

/** What is really there, asked from AWS's APIs with AWS's own SDK and none of the suite's code. */
export interface Truth {
  /** Digest of every running task of the service; one entry when they agree. */
  serving(environment: string): Promise<string[]>
  /** What `tag` names; undefined when there is no such tag. */
  tagged(tag: string): Promise<string | undefined>
  /** The environment's record as it is stored; undefined before the first release. */
  record(environment: string): Promise<string | undefined>
  /** Digest of the newest release that the record says ended well. */
  released(environment: string): Promise<string | undefined>
}

export function truthOf(simulator: Simulator): Truth {
  const config = {
    region: 'eu-central-1',
    endpoint: simulator.url,
    credentials: { accessKeyId: 'ASIAOBSERVER00000000', secretAccessKey: 'observer' },
  }
  const [ecs, ecr, ssm] = [new ECSClient(config), new ECRClient(config), new SSMClient(config)]
  const service = 'hello-service'

  return {
    async serving(environment) {
      const { taskArns } = await ecs.send(
        new ListTasksCommand({ cluster: environment, serviceName: service, desiredStatus: 'RUNNING' }),
      )
      if (!taskArns?.length) return []
      const { tasks } = await ecs.send(new DescribeTasksCommand({ cluster: environment, tasks: taskArns }))
      const digests = tasks
        ?.flatMap((task) => task.containers ?? [])
        .map((container) => container.imageDigest ?? 'not pulled')
      return [...new Set(digests)]
    },
    async tagged(tag) {
      const { images } = await ecr.send(
        new BatchGetImageCommand({ repositoryName: service, imageIds: [{ imageTag: tag }] }),
      )
      return images?.[0]?.imageId?.imageDigest
    },
    async record(environment) {
      try {
        const { Parameter } = await ssm.send(
          new GetParameterCommand({ Name: `/deploy-actions/${service}/${environment}` }),
        )
        return Parameter?.Value
      } catch (error) {
        if ((error as Error).name === 'ParameterNotFound') return undefined
        throw error
      }
    },
    async released(environment) {
      return JSON.parse((await this.record(environment)) ?? '{}').releases?.[0]?.digest
    },
  }
}
