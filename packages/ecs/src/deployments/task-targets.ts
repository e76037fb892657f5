import { DescribeContainerInstancesCommand, type ECSClient, type Task } from '@aws-sdk/client-ecs'
import { serviceTasks } from './deployment-tasks.ts'
import type { StartedDeployment } from './types.ts'

/**
 * Tells whether a target of a load balancer is one of the deployment's running tasks: by the private address of its
 * network interface, else by the instance and the port on it (ECS API: Attachment, NetworkBinding). A service's
 * target group holds those of earlier deployments as well.
 */
export async function targetsOfTasks(
  ecs: ECSClient,
  started: StartedDeployment,
): Promise<(id: string, port: number | undefined) => boolean> {
  const tasks = (await serviceTasks(ecs, started, 'RUNNING')).filter(
    ({ startedBy }) => startedBy === started.deploymentId,
  )
  const addresses = new Set(tasks.flatMap(addressesOf))
  const ports = await portsOnInstances(ecs, started.cluster, tasks)
  return (id, port) => addresses.has(id) || ports.has(`${id}:${port}`)
}

function addressesOf({ attachments = [], containers = [] }: Task): string[] {
  const details = attachments.flatMap((attachment) => attachment.details ?? [])
  return [
    ...details.filter(({ name }) => name === 'privateIPv4Address').map(({ value }) => value),
    ...containers.flatMap(({ networkInterfaces = [] }) => networkInterfaces.map((one) => one.privateIpv4Address)),
  ].filter((address) => address !== undefined)
}

/** `i-…:32768` for tasks in network mode bridge or host, whose target is the instance. */
async function portsOnInstances(ecs: ECSClient, cluster: string, tasks: Task[]): Promise<Set<string>> {
  const bound = tasks.filter(
    ({ containerInstanceArn, containers = [] }) =>
      containerInstanceArn && containers.some(({ networkBindings = [] }) => networkBindings.length > 0),
  )
  const arns = [...new Set(bound.flatMap(({ containerInstanceArn }) => containerInstanceArn ?? []))].slice(0, 100)
  if (arns.length === 0) return new Set()
  const { containerInstances = [] } = await ecs.send(
    new DescribeContainerInstancesCommand({ cluster, containerInstances: arns }),
  )
  const ids = new Map(containerInstances.map((one) => [one.containerInstanceArn, one.ec2InstanceId]))
  return new Set(
    bound.flatMap(({ containerInstanceArn, containers = [] }) =>
      containers.flatMap(({ networkBindings = [] }) =>
        networkBindings.map(({ hostPort }) => `${ids.get(containerInstanceArn)}:${hostPort}`),
      ),
    ),
  )
}
