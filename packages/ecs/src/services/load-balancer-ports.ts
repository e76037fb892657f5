import type { ContainerDefinition, LoadBalancer } from '@aws-sdk/client-ecs'

/**
 * A load balancer of the service that sends to a container or a port which the task definition does not have, as a
 * sentence; undefined when all agree.
 */
export function loadBalancerMismatch(
  loadBalancers: LoadBalancer[],
  containers: ContainerDefinition[],
): string | undefined {
  for (const { containerName, containerPort } of loadBalancers) {
    if (!containerName || !containerPort) continue
    const container = containers.find(({ name }) => name === containerName)
    if (!container)
      return `The load balancer sends to container "${containerName}", which the task definition does not have.`
    const ports = (container.portMappings ?? []).flatMap((mapping) => mapping.containerPort ?? [])
    if (!ports.includes(containerPort))
      return `The load balancer sends to port ${containerPort} of container "${containerName}", whose task definition maps ${ports.length > 0 ? `only ${ports.join(', ')}` : 'no port'}.`
  }
  return undefined
}
