import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

export interface ActionFile {
  name: string
  description: string
  inputs?: Record<string, { description: string; required?: boolean; default?: string; deprecationMessage?: string }>
  outputs?: Record<string, { description: string }>
  runs: { using: string; main: string; post?: string; 'post-if'?: string }
}

export function readAction(file: string): ActionFile {
  return parse(readFileSync(file, 'utf8')) as ActionFile
}

/** The two Markdown tables of an action's README. */
export function referenceTables(action: ActionFile): string {
  const inputs = Object.entries(action.inputs ?? {}).map(([name, input]) => [
    `\`${name}\`${input.required ? ' **required**' : ''}`,
    input.description,
    input.default ? `\`${cell(input.default)}\`` : '',
  ])
  const outputs = Object.entries(action.outputs ?? {}).map(([name, output]) => [`\`${name}\``, output.description])
  return [
    '### Inputs',
    table(['name', 'what it does', 'default'], inputs),
    '### Outputs',
    outputs.length > 0 ? table(['name', 'what it holds'], outputs) : 'None.',
  ].join('\n\n')
}

function table(header: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map(cell).join(' | ')} |`
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n')
}

function cell(text: string): string {
  return text
    .trim()
    .replaceAll('|', '\\|')
    .replace(/\n{2,}/g, '<br>')
    .replaceAll('\n', ' ')
}
