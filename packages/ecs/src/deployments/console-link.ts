/** The service's page in the AWS console, by the region and partition of its ARN. */
export function consoleUrl(serviceArn: string): string {
  const [, partition = 'aws', , region = ''] = serviceArn.split(':')
  const [, cluster = '', service = ''] = serviceArn.split('/')
  const host =
    partition === 'aws-cn'
      ? 'console.amazonaws.cn'
      : partition === 'aws-us-gov'
        ? 'console.amazonaws-us-gov.com'
        : `${region}.console.aws.amazon.com`
  return `https://${host}/ecs/v2/clusters/${encodeURIComponent(cluster)}/services/${encodeURIComponent(service)}/deployments?region=${region}`
}
