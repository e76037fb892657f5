import { createHash } from 'node:crypto'
import type { Scenario } from '@deploy-actions/aws-simulator'

const environments = ['staging', 'production']

/** The AWS account as an infrastructure tool left it: clusters, services on a placeholder image, parameters, an empty repository. */
export function accountScenario(): Scenario {
  return {
    behaviours: [
      {
        match: { label: 'stage.behaviour=crash' },
        behaviour: {
          exitsAfter: 2,
          exitCode: 1,
          log: [
            { line: "TypeError: cannot read properties of undefined (reading 'greeting')" },
            { line: '    at file:///app/src/server.js:9:21' },
          ],
        },
      },
      {
        match: { kind: 'run-task', command: '*src/migrate.js*' },
        behaviour: {
          exitsAfter: 4,
          exitCode: 0,
          log: [{ line: 'applying what is new' }, { after: 3, line: 'the schema is up to date' }],
        },
      },
      { match: { kind: 'service' }, behaviour: { log: [{ line: 'hello-service listens on 8080' }] } },
    ],
    seed: {
      repositories: [{ name: 'hello-service' }],
      clusters: environments,
      logGroups: environments.map((environment) => `/ecs/${environment}/hello-service`),
      parameters: environments.map((environment) => ({
        name: `/hello-service/${environment}/DATABASE_URL`,
        type: 'SecureString' as const,
        value: `postgres://hello@${environment}.example.internal/hello`,
      })),
      targetGroups: environments.map((environment) => ({ name: `hello-${environment}`, deregistrationDelay: 60 })),
      taskDefinitions: environments.map(placeholder),
      services: environments.map(service),
    },
  }
}

function placeholder(environment: string) {
  return {
    family: `hello-service-${environment}`,
    requiresCompatibilities: ['FARGATE'],
    networkMode: 'awsvpc',
    cpu: '256',
    memory: '512',
    executionRoleArn: 'arn:aws:iam::123456789012:role/hello-execution',
    containerDefinitions: [
      {
        name: 'app',
        image: 'public.ecr.aws/docker/library/node:24-alpine',
        essential: true,
        portMappings: [{ containerPort: 8080 }],
        logConfiguration: {
          logDriver: 'awslogs',
          options: {
            'awslogs-group': `/ecs/${environment}/hello-service`,
            'awslogs-region': 'eu-central-1',
            'awslogs-stream-prefix': 'app',
          },
        },
      },
    ],
  }
}

function service(environment: string) {
  return {
    cluster: environment,
    serviceName: 'hello-service',
    taskDefinition: `hello-service-${environment}`,
    desiredCount: 2,
    launchType: 'FARGATE',
    loadBalancers: [
      {
        targetGroupArn: targetGroupArn(`hello-${environment}`),
        containerName: 'app',
        containerPort: 8080,
      },
    ],
    networkConfiguration: {
      awsvpcConfiguration: {
        subnets: ['subnet-0a1b2c3d'],
        securityGroups: ['sg-0a1b2c3d'],
        assignPublicIp: 'DISABLED',
      },
    },
    deploymentConfiguration: {
      minimumHealthyPercent: 100,
      maximumPercent: 200,
      deploymentCircuitBreaker: { enable: true, rollback: true },
    },
    stable: true,
  }
}

/** The simulator derives a target group's ARN from its name. */
function targetGroupArn(name: string): string {
  const suffix = createHash('sha256').update(name).digest('hex').slice(0, 16)
  return `arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/${name}/${suffix}`
}
