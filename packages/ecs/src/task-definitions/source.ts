import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { ECSClient } from '@aws-sdk/client-ecs'
import { messageOf, UserError } from '@deploy-actions/action-kit'
import { fetchTaskDefinition, type TaskDefinitionInput, toRegisterInput } from './fetch.ts'
import { parseTaskDefinitionFile } from './parse-file.ts'
import type { TaskDefinitionSource } from './source-text.ts'

/**
 * The task definition that `source` names, in RegisterTaskDefinition's form. Files are relative to `workspace`.
 * Throws a UserError when it is not there or not valid.
 */
export async function loadTaskDefinition(
  ecs: ECSClient,
  source: TaskDefinitionSource,
  workspace: string,
): Promise<TaskDefinitionInput> {
  if ('reference' in source) return toRegisterInput(await fetchTaskDefinition(ecs, source.reference))
  const { file } = source
  const text = await readFile(resolve(workspace, file), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UserError(
      error.code === 'ENOENT'
        ? `Task definition file "${file}" does not exist in ${workspace}. Valid: a path relative to the workspace (is actions/checkout run before this step?), a family, family:revision or an ARN.`
        : `Task definition file "${file}" cannot be read: ${messageOf(error)}`,
    )
  })
  return parseTaskDefinitionFile(text, file)
}
