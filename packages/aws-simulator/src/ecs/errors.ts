import { AwsFailure } from '../world.ts'

/** ECS's common errors with the texts the service sends. All are HTTP 400 but ServerException. */
export const clusterNotFound = () => new AwsFailure('ClusterNotFoundException', 'Cluster not found.')
export const serviceNotFound = () => new AwsFailure('ServiceNotFoundException', 'Service not found.')
export const serviceNotActive = () => new AwsFailure('ServiceNotActiveException', 'Service was not ACTIVE.')
export const invalidParameter = (message: string) => new AwsFailure('InvalidParameterException', message)
export const clientError = (message: string) => new AwsFailure('ClientException', message)
export const unsupported = (message: string) => new AwsFailure('UnsupportedFeatureException', message)
