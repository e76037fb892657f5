import { consoleLink } from '../src/index.ts'

test.each([
  [
    'arn:aws:ecs:eu-central-1:123456789012:service/prod/web',
    'https://eu-central-1.console.aws.amazon.com/ecs/v2/clusters/prod/services/web/deployments?region=eu-central-1',
  ],
  [
    'arn:aws-cn:ecs:cn-north-1:123456789012:service/prod/web',
    'https://console.amazonaws.cn/ecs/v2/clusters/prod/services/web/deployments?region=cn-north-1',
  ],
  [
    'arn:aws-us-gov:ecs:us-gov-west-1:123456789012:service/prod/web',
    'https://console.amazonaws-us-gov.com/ecs/v2/clusters/prod/services/web/deployments?region=us-gov-west-1',
  ],
  [
    'arn:aws-cn:ecs:cn-north-1:123456789012:task/prod/0123abcd',
    'https://console.amazonaws.cn/ecs/v2/clusters/prod/tasks/0123abcd?region=cn-north-1',
  ],
  [
    'arn:aws:logs:us-east-1:123456789012:log-group:/ecs/web',
    'https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logsV2:log-groups/log-group/$252Fecs$252Fweb',
  ],
  ['arn:aws:s3:us-east-1:123456789012:bucket', 'https://us-east-1.console.aws.amazon.com/?region=us-east-1'],
])('console link of %s', (arn, url) => {
  expect(consoleLink(arn)).toBe(url)
})
