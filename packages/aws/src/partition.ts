/** A part of AWS with accounts, host names and a console of its own. */
export interface Partition {
  name: 'aws' | 'aws-cn' | 'aws-us-gov'
  /** What host names of its services end in. */
  domain: string
  /** The console's host for a region. */
  console(region: string): string
}

const standard: Partition = {
  name: 'aws',
  domain: 'amazonaws.com',
  console: (region) => `${region}.console.aws.amazon.com`,
}
const china: Partition = { name: 'aws-cn', domain: 'amazonaws.com.cn', console: () => 'console.amazonaws.cn' }
const government: Partition = {
  name: 'aws-us-gov',
  domain: 'amazonaws.com',
  console: () => 'console.amazonaws-us-gov.com',
}

export function partitionOf(region: string): Partition {
  if (region.startsWith('cn-')) return china
  return region.startsWith('us-gov-') ? government : standard
}
