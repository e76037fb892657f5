import { readFileSync } from 'node:fs'
import { JSONObjectReader } from '@actions/workflow-parser/templates/json-object-reader'
import { TemplateSchema } from '@actions/workflow-parser/templates/schema/template-schema'

const loaded = new Map<string, TemplateSchema>()

/**
 * GitHub's own schema of workflow files (`workflow`) or of `action.yml` (`action`), as published in
 * @actions/workflow-parser. Read as a file because the package's entry point imports its JSON without the import
 * attribute that Node requires.
 */
export function githubSchema(kind: 'workflow' | 'action'): TemplateSchema {
  const known = loaded.get(kind)
  if (known) return known
  const entry = import.meta.resolve('@actions/workflow-parser')
  const json = readFileSync(new URL(`./${kind}-v1.0.min.json`, entry), 'utf8')
  const schema = TemplateSchema.load(new JSONObjectReader(undefined, json))
  loaded.set(kind, schema)
  return schema
}
