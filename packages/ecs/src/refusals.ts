/** Names of ECS's errors for a request that it does not take as it is (ECS API: UpdateService, RunTask). */
export const refusals = [
  'ClientException',
  'InvalidParameterException',
  'PlatformTaskDefinitionIncompatibilityException',
  'PlatformUnknownException',
  'UnsupportedFeatureException',
  'BlockedException',
]
