import { execFileSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import ts from 'typescript'
import { root } from './lib/repository.ts'

// How much product code there is: statements of all that ships, in the working tree or in a commit, so that lines and layout do not count.
const { positionals } = parseArgs({ allowPositionals: true })
const [commit] = positionals

const ships = /^(actions\/[^/]+|packages\/(action-kit|aws|ecs|ecr|release))\/src\/.*\.ts$/

interface Count {
  statements: number
  /** Imports and types among them. */
  declarations: number
}

function countOf(file: string, text: string): Count {
  const count = { statements: 0, declarations: 0 }
  const visit = (node: ts.Node) => {
    if (ts.isStatement(node) && !ts.isBlock(node)) {
      count.statements++
      if (ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node))
        count.declarations++
    }
    ts.forEachChild(node, visit)
  }
  ts.forEachChild(ts.createSourceFile(file, text, ts.ScriptTarget.Latest), visit)
  return count
}

const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 1e8 })
const files = commit
  ? git('ls-tree', '-r', '--name-only', commit).split('\n')
  : globSync('{actions,packages}/*/src/**/*.ts', { cwd: root })
const textOf = (file: string) =>
  commit ? git('show', `${commit}:${file}`) : readFileSync(path.join(root, file), 'utf8')

const workspaces = new Map<string, Count>()
const total: Count = { statements: 0, declarations: 0 }
for (const file of files.filter((one) => ships.test(one))) {
  const workspace = file.split('/').slice(0, 2).join('/')
  const sum = workspaces.get(workspace) ?? { statements: 0, declarations: 0 }
  const { statements, declarations } = countOf(file, textOf(file))
  for (const one of [sum, total]) {
    one.statements += statements
    one.declarations += declarations
  }
  workspaces.set(workspace, sum)
}

const line = (name: string, { statements, declarations }: Count) =>
  console.log(`${name.padEnd(26)}${String(statements).padStart(6)}  (${declarations} imports and types)`)
for (const [workspace, count] of [...workspaces].sort()) line(workspace, count)
line('total', total)
