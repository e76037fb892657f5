import { readFileSync } from 'node:fs'
import path from 'node:path'
import { pinnedReferences, rootShim } from '../lib/release.ts'
import { root } from '../lib/repository.ts'

test('a root action file leads to the bundle below actions/', () => {
  const text = 'name: X\nruns:\n  using: node24\n  main: dist/index.js\n  post: dist/index.js\n'
  expect(rootShim(text, 'begin-release')).toBe(
    'name: X\nruns:\n  using: node24\n  main: ../actions/begin-release/dist/index.js\n  post: ../actions/begin-release/dist/index.js\n',
  )
})

test('every sibling of our workflows can be named in full', () => {
  for (const file of ['deploy.yml', 'rollback.yml']) {
    const text = readFileSync(path.join(root, '.github/workflows', file), 'utf8')
    const pinned = pinnedReferences(text, 'acme/deploy-actions', 'v1.2.3')
    expect(text).toContain('uses: $/actions/')
    expect(pinned).not.toContain('$/')
    expect(pinned).toMatch(/uses: acme\/deploy-actions\/tag-prod@v1\.2\.3/)
  }
})
