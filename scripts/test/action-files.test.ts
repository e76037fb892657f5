import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { readAction } from '../lib/action-docs.ts'
import { actionNames, root } from '../lib/repository.ts'

const names = actionNames()

const sourcesOf = (pattern: string) =>
  globSync(pattern, { cwd: root }).map((file) => readFileSync(path.join(root, file), 'utf8'))

/** Names that the action's sources hand to the input reader as they stand. */
function inputsRead(name: string): string[] {
  const reads =
    /\.(?:text|required|flag|choice|list|lines|pairs|duration|optionalDuration|integer|matching)\(\s*'([a-z][a-z0-9-]*)'/g
  return sourcesOf(`actions/${name}/src/**/*.ts`).flatMap((text) =>
    [...text.matchAll(reads)].map(([, input]) => input!),
  )
}

describe.each(names)('%s', (name) => {
  const action = readAction(path.join(root, 'actions', name, 'action.yml'))

  test('runs its bundle on node24', () => {
    expect(action.runs).toMatchObject({ using: 'node24', main: 'dist/index.js' })
    if (action.runs.post) expect(action.runs.post).toBe('dist/post/index.js')
  })

  test('declares every input that its code reads', () => {
    expect(inputsRead(name).filter((input) => !(input in (action.inputs ?? {})))).toEqual([])
  })

  test('reads every input that it declares', () => {
    const text = [...sourcesOf(`actions/${name}/src/**/*.ts`), ...sourcesOf('packages/*/src/**/*.ts')].join('\n')
    const unread = Object.keys(action.inputs ?? {}).filter((input) =>
      input === 'region' ? !/\.region\(/.test(text) : !text.includes(`'${input}'`),
    )
    expect(unread).toEqual([])
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
