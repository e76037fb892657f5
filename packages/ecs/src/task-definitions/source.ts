import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { ECSClient } from '@aws-sdk/client-ecs'
import { messageOf, UserError } from '@deploy-actions/action-kit'
import { type FetchedTaskDefinition, fetchTaskDefinition, type TaskDefinitionInput, toRegisterInput } from './fetch.ts'
import { parseTaskDefinitionFile } from './parse-file.ts'
import type { TaskDefinitionSource } from './source-text.ts'

export interface LoadedTaskDefinition {
  definition: TaskDefinitionInput
  /** The revision that was named, which registerOrReuse takes as `current`; undefined for a file. */
  current: FetchedTaskDefinition | undefined
}

/**
 * The task definition that `source` names, in RegisterTaskDefinition's form. Files are relative to `workspace`. Throws
 * a UserError when it is not there or not valid.
 */
export async function loadTaskDefinition(
  ecs: ECSClient,
  source: TaskDefinitionSource,
  workspace: string,
): Promise<TaskDefinitionInput> {
  return (await loadNamedTaskDefinition(ecs, source, workspace)).definition
}

/**
 * As loadTaskDefinition, with the revision itself where one is named: however old it is, it can then be reused as it
 * is.
 */
export async function loadNamedTaskDefinition(
  ecs: ECSClient,
  source: TaskDefinitionSource,
  workspace: string,
): Promise<LoadedTaskDefinition> {
  if ('reference' in source) {
    const current = await fetchTaskDefinition(ecs, source.reference)
    return { definition: toRegisterInput(current), current }
  }
  const { file } = source
  const text = await readFile(resolve(workspace, file), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new UserError(
      error.code === 'ENOENT'
        ? `Task definition file "${file}" does not exist in ${workspace}. Valid: a path relative to the workspace (is actions/checkout run before this step?), a family, family:revision or an ARN.`
        : `Task definition file "${file}" cannot be read: ${messageOf(error)}`,
    )
  })
  return { definition: parseTaskDefinitionFile(text, file), current: undefined }
}
