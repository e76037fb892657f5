import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { readAction } from '../lib/action-docs.ts'
import { actionNames, root } from '../lib/repository.ts'

const names = actionNames()

/** Names that the action's sources read from the input reader. */
function inputsRead(name: string): Set<string> {
  const reads =
    /\.(?:text|required|flag|choice|list|lines|pairs|duration|optionalDuration|integer|matching|region)\(\s*(?:'([a-z][a-z0-9-]*)'|\))/g
  const found = globSync(`actions/${name}/src/**/*.ts`, { cwd: root }).flatMap((file) => {
    const text = readFileSync(path.join(root, file), 'utf8')
    return [...text.matchAll(reads)].map(([call, input]) => input ?? (call.includes('region') ? 'region' : undefined))
  })
  return new Set(found.filter((input) => input !== undefined))
}

describe.each(names)('%s', (name) => {
  const action = readAction(path.join(root, 'actions', name, 'action.yml'))

  test('runs its bundle on node24', () => {
    expect(action.runs).toMatchObject({ using: 'node24', main: 'dist/index.js' })
    if (action.runs.post) expect(action.runs.post).toBe('dist/index.js')
  })

  test('declares exactly the inputs that its code reads', () => {
    expect(Object.keys(action.inputs ?? {}).sort()).toEqual([...inputsRead(name)].sort())
  })

  test('describes every input and output in a sentence, and names them in kebab-case', () => {
    for (const [input, { description }] of Object.entries({ ...action.inputs, ...action.outputs })) {
      expect(input).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
      expect(description).toMatch(/^[A-Z`].{12,}[.)`]$/s)
    }
  })

  test('has a README with its permissions and a usage example', () => {
    const readme = readFileSync(path.join(root, 'actions', name, 'README.md'), 'utf8')
    expect(readme).toContain(`org/deploy-actions/${name}@v1`)
    expect(readme).toMatch(/permissions/i)
    const permissions = [...readme.matchAll(/\b(ecs|ecr|ssm|logs|iam|elasticloadbalancing|rds|cloudwatch):[A-Z]\w+/g)]
    expect(permissions.length).toBeGreaterThan(0)
  })
})
