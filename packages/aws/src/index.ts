export { awsClient, type ClientOptions, credentialsExpiry } from './client.ts'
export { AccessError, isAccessError, isAwsError } from './errors.ts'
export { patientRetries, type RetryOptions } from './retry.ts'
