/** Where a task definition is taken from: a file of the workspace, or ECS by family, `family:revision` or ARN. */
export type TaskDefinitionSource = { file: string } | { reference: string }

/**
 * Tells a file from a reference: an ARN, a family or `family:revision` is a reference; what ends in .json, .yml or
 * .yaml, or holds a slash or a dot (which no family may), is a file.
 */
export function taskDefinitionSource(text: string): TaskDefinitionSource {
  if (/^arn:/.test(text)) return { reference: text }
  return /^[\w-]{1,255}(:\d+)?$/.test(text) ? { reference: text } : { file: text }
}
