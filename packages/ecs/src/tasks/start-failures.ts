import { sentence, tidy } from '../deployments/texts.ts'

/** Why a task never ran, in plain words, and what to do about it. */
export interface StartFailure {
  text: string
  advice: string
}

/**
 * A kind of failure: where it is recognised, and what it means. Texts: ECS developer guide, "Amazon ECS stopped
 * task error messages".
 */
export interface StartFailureKind {
  pattern: RegExp
  meaning(text: string): StartFailure
}

/** The most specific kinds first. */
export const startFailureKinds: StartFailureKind[] = [
  kind(/no matching manifest for|does not contain descriptor matching platform|exec format error/i, (text) => ({
    text: `The image was built for another processor architecture than the tasks run on: ${text}`,
    advice:
      'Build for the architecture of the task definition (runtimePlatform.cpuArchitecture; X86_64 when it is not set), or for both: platforms of build-image.',
  })),
  kind(/CannotPull.*(toomanyrequests|rate limit)/i, () => ({
    text: 'The registry refuses the pull for its rate limit.',
    advice: 'Copy the image into ECR, or use a pull-through cache.',
  })),
  kind(/CannotPull.*(denied|not authorized|no basic auth|unauthorized|\b403\b)/i, (text) => ({
    text: `The task may not pull its image: ${text}`,
    advice:
      "Allow ecr:GetAuthorizationToken, ecr:BatchGetImage and ecr:GetDownloadUrlForLayer to the task's execution role, and in the repository's policy when it belongs to another account.",
  })),
  kind(/CannotPull.*(timeout|timed out|deadline|dial tcp|no such host|connection refused)/i, (text) => ({
    text: `The task cannot reach the registry: ${text}`,
    advice:
      'Its subnets need a way out: a NAT gateway, a public IP (assignPublicIp), or VPC endpoints for ecr.api, ecr.dkr and S3, with security groups that let port 443 through.',
  })),
  kind(
    /CannotPull.*(not found|manifest unknown|does not exist|failed to resolve|image version stability)/i,
    (text) => ({
      text: `The image does not exist under the name in the task definition: ${text}`,
      advice:
        'Check repository and digest: was the image pushed to this account and region, or has a lifecycle rule of the repository deleted it?',
    }),
  ),
  kind(/CannotPull/i, (text) => ({
    text: `The task cannot pull its image: ${text}`,
    advice: 'Check the image name, the execution role and the network of the tasks.',
  })),
  kind(/log group|validate logger args|awslogs|CreateLogStream/i, (text) => ({
    text: `The task cannot write its log: ${text}`,
    advice:
      'Create the log group, or allow logs:CreateLogStream and logs:PutLogEvents (with awslogs-create-group also logs:CreateLogGroup) to the execution role.',
  })),
  kind(/ResourceInitializationError.*(secret|ssm|parameter)/i, (text) => ({
    text: `The task cannot read its secrets: ${text}`,
    advice: /AccessDenied|not authorized/i.test(text)
      ? 'Allow ssm:GetParameters or secretsmanager:GetSecretValue on them, and kms:Decrypt for a key of your own, to the execution role.'
      : /ResourceNotFound|invalid|can't find/i.test(text)
        ? 'One of them does not exist in this region: compare the names in the task definition with what is there.'
        : 'They exist and may be read? Then the network is next: the subnets need a way to SSM or Secrets Manager (NAT gateway or VPC endpoints).',
  })),
  kind(/ResourceInitializationError.*(efs|mount|volume)/i, (text) => ({
    text: `A volume cannot be mounted: ${text}`,
    advice: 'Check the file system, its mount targets in these subnets, and the security group on port 2049.',
  })),
  kind(/free addresses|RESOURCE:ENI|network interface provisioning/i, (text) => ({
    text: `A task gets no network interface: ${text}`,
    advice: 'Free addresses in the subnets, or give the service larger ones.',
  })),
  kind(/ResourceInitializationError/i, (text) => ({
    text: `The task could not be prepared: ${text}`,
    advice: 'Check the execution role and the network of the tasks.',
  })),
  kind(/executable file not found|no such file or directory.*(exec|runc)|CannotStartContainerError/i, (text) => ({
    text: `The container cannot be started: ${text}`,
    advice: 'Check entryPoint and command of the container against what is in the image.',
  })),
]

/**
 * What a stopped reason (or a container's reason) of a task that never ran means; undefined for texts that tell
 * nothing known.
 */
export function startFailure(text: string): StartFailure | undefined {
  return startFailureKinds.find(({ pattern }) => pattern.test(text))?.meaning(text)
}

function kind(pattern: RegExp, meaning: (text: string) => StartFailure): StartFailureKind {
  return { pattern, meaning: (text) => meaning(sentence(tidy(text))) }
}
