/** The SDK, for tests of packages that do not depend on it themselves. */
export {
  BatchGetImageCommand,
  CreateRepositoryCreationTemplateCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
  PutAccountSettingCommand,
  PutImageTagMutabilityCommand,
  UpdateImageStorageClassCommand,
} from '@aws-sdk/client-ecr'
