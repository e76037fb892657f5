/**
 * The ECR action behind a request to the registry endpoint: what IAM, CloudTrail and the service quotas call it.
 */
export function apiOf(method: string, url: URL): string | undefined {
  const path = url.pathname
  if (/\/blobs\/uploads\/?$/.test(path)) return 'InitiateLayerUpload'
  if (/\/blobs\/uploads\/./.test(path)) {
    if (method === 'PATCH') return 'UploadLayerPart'
    return method === 'PUT' ? 'CompleteLayerUpload' : undefined
  }
  if (/\/blobs\//.test(path)) return method === 'HEAD' ? 'BatchCheckLayerAvailability' : 'GetDownloadUrlForLayer'
  if (/\/manifests\//.test(path)) {
    if (method === 'PUT') return 'PutImage'
    return method === 'DELETE' ? 'BatchDeleteImage' : 'BatchGetImage'
  }
  if (/\/tags\/list$/.test(path)) return 'ListImages'
  if (/\/referrers\//.test(path)) return 'ListImageReferrers'
  return undefined
}
