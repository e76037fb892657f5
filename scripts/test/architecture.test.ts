import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { root } from '../lib/repository.ts'

/** Who may import whom, lowest first; a room may only look down. */
const below: Record<string, string[]> = {
  'action-kit': [],
  aws: ['action-kit'],
  ecr: ['action-kit', 'aws'],
  ecs: ['action-kit', 'aws', 'ecr'],
  release: ['action-kit', 'aws', 'ecs', 'ecr'],
  'aws-simulator': [],
  'workflow-runner': [],
}
const shipped = ['action-kit', 'aws', 'ecs', 'ecr', 'release']

interface Import {
  file: string
  workspace: string
  specifier: string
}

function importsOf(pattern: string): Import[] {
  return globSync(pattern, { cwd: root }).flatMap((file) => {
    const text = readFileSync(path.join(root, file), 'utf8')
    const imports = ts.preProcessFile(text, true, true).importedFiles
    return imports.map(({ fileName }) => ({ file, workspace: file.split(path.sep)[1]!, specifier: fileName }))
  })
}

const own = (specifier: string) => specifier.match(/^@deploy-actions\/([^/]+)(?:\/[a-z-]+)?$/)?.[1]

test('the table covers every package there is', () => {
  const packages = globSync('packages/*/package.json', { cwd: root }).map((file) => file.split(path.sep)[1])
  expect(packages.sort()).toEqual(Object.keys(below).sort())
})

test('packages look down only', () => {
  const wrong = importsOf('packages/*/src/**/*.ts').filter(({ workspace, specifier }) => {
    const target = own(specifier)
    return target !== undefined && !below[workspace]!.includes(target)
  })
  expect(wrong).toEqual([])
})

test('actions use packages that ship, through their door, and never each other', () => {
  const wrong = importsOf('actions/*/src/**/*.ts').filter(({ specifier }) => {
    if (specifier.startsWith('@deploy-actions/')) return !shipped.includes(own(specifier) ?? '')
    return /(^|\/)(packages|actions)\/[a-z-]+\/(src|dist)/.test(specifier)
  })
  expect(wrong).toEqual([])
})

test('no relative import leaves its workspace', () => {
  const wrong = [...importsOf('packages/*/src/**/*.ts'), ...importsOf('actions/*/src/**/*.ts')].filter(
    ({ file, workspace, specifier }) => {
      if (!specifier.startsWith('.')) return false
      return path.normalize(path.join(path.dirname(file), specifier)).split(path.sep)[1] !== workspace
    },
  )
  expect(wrong).toEqual([])
})

test('no files import each other in circles, by types neither', () => {
  const targets = new Map<string, string[]>()
  for (const folder of [...shipped.map((name) => `packages/${name}`), 'actions/*'])
    for (const { file, specifier } of importsOf(`${folder}/src/**/*.ts`))
      if (specifier.startsWith('.'))
        targets.set(file, [...(targets.get(file) ?? []), path.join(path.dirname(file), specifier)])
  const circles = new Set<string>()
  const done = new Set<string>()
  const follow = (file: string, way: string[]) => {
    if (way.includes(file)) circles.add([...way.slice(way.indexOf(file)), file].join(' → '))
    if (done.has(file)) return
    done.add(file)
    for (const target of targets.get(file) ?? []) follow(target, [...way, file])
  }
  for (const file of targets.keys()) follow(file, [])
  expect([...circles]).toEqual([])
})

test('what is imported is declared', () => {
  const files = [...importsOf('packages/*/src/**/*.ts'), ...importsOf('actions/*/src/**/*.ts')]
  const undeclared = files.filter(({ file, workspace, specifier }) => {
    if (specifier.startsWith('.') || specifier.startsWith('node:')) return false
    const manifest = path.join(root, ...file.split(path.sep).slice(0, 2), 'package.json')
    const name = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : specifier.split('/')[0]!
    const { dependencies = {}, devDependencies = {} } = JSON.parse(readFileSync(manifest, 'utf8'))
    return !(
      name in
      (shipped.includes(workspace) || file.startsWith('actions')
        ? dependencies
        : { ...dependencies, ...devDependencies })
    )
  })
  expect(undeclared.map(({ file, specifier }) => `${file}: ${specifier}`)).toEqual([])
})

test('only index.ts of an action touches the process', () => {
  const wrong = globSync('actions/*/src/**/*.ts', { cwd: root })
    .filter((file) => path.basename(file) !== 'index.ts')
    .filter((file) => /\bprocess\.(env|exit|exitCode|stdout|on)\b/.test(readFileSync(path.join(root, file), 'utf8')))
  expect(wrong).toEqual([])
})
