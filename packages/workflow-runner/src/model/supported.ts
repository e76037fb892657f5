import { isMapping, isSequence } from '@actions/workflow-parser/templates/tokens/type-guards'
import { UnsupportedError } from '../language/errors.ts'
import { entries, place, type TemplateToken } from '../language/tokens.ts'

/**
 * What this runner obeys. Whatever else GitHub's schema allows is refused, so that nothing is skipped in silence.
 */
const supported = {
  workflow: ['on', 'name', 'description', 'run-name', 'defaults', 'env', 'permissions', 'concurrency', 'jobs'],
  job: [
    'needs',
    'if',
    'strategy',
    'name',
    'runs-on',
    'timeout-minutes',
    'continue-on-error',
    'env',
    'environment',
    'permissions',
    'concurrency',
    'outputs',
    'defaults',
    'steps',
    'uses',
    'with',
    'secrets',
  ],
  step: [
    'name',
    'id',
    'if',
    'timeout-minutes',
    'run',
    'continue-on-error',
    'env',
    'working-directory',
    'shell',
    'uses',
    'with',
  ],
  environment: ['name', 'url'],
  strategy: ['fail-fast', 'max-parallel', 'matrix'],
  concurrency: ['group', 'cancel-in-progress', 'queue'],
  runs: ['using', 'main', 'post', 'post-if', 'steps'],
  action: ['name', 'author', 'description', 'inputs', 'outputs', 'runs', 'branding'],
} as const

/**
 * Throws an UnsupportedError that names file, line and construct for the first key of `token` that this runner does
 * not support.
 */
export function requireSupported(file: string, what: keyof typeof supported, token: TemplateToken | undefined): void {
  for (const { key, keyToken } of entries(token)) {
    const known: readonly string[] = supported[what]
    if (!known.includes(key)) throw unsupported(file, keyToken, `'${key}' in a ${what}`)
  }
}

/** `${{ insert }}` splices a mapping into another: refused wherever it stands. */
export function refuseInsert(file: string, token: TemplateToken): void {
  if (isSequence(token)) for (const item of token) refuseInsert(file, item)
  if (!isMapping(token)) return
  for (const { key, value } of token) {
    if (key.isExpression && /insert/i.test(key.toString()) && key.typeName() === 'InsertExpressionToken')
      throw unsupported(file, key, `'\${{ insert }}'`)
    refuseInsert(file, value)
  }
}

export function unsupported(file: string, token: TemplateToken | undefined, construct: string): UnsupportedError {
  return new UnsupportedError(`${place(file, token)}: ${construct} is not supported by this runner`)
}

/**
 * Steps run on this machine, whatever the labels of `runs-on`; only those of other systems would make that a lie.
 */
export function refuseOtherMachines(file: string, token: TemplateToken, labels: string): void {
  if (/windows|macos/i.test(labels)) throw unsupported(file, token, `'runs-on: ${labels}'`)
}

/** Shells that are not on the machines this runner stands for. */
export function refuseOtherShells(file: string, token: TemplateToken | undefined, shell: string): void {
  const program = shell.trim().split(/\s+/)[0] ?? ''
  if (['pwsh', 'powershell', 'cmd'].includes(program)) throw unsupported(file, token, `'shell: ${program}'`)
}
