import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { root } from '../lib/repository.ts'

/** The first major of each that runs on node24, as GitHub's runners no longer have node20 (action.yml of each release). */
const firstOnNode24: Record<string, number> = {
  'actions/checkout': 5,
  'aws-actions/configure-aws-credentials': 6,
  'docker/setup-buildx-action': 4,
}

const uses = globSync(
  ['.github/workflows/*.yml', 'examples/*/.github/workflows/*.yml', '*.md', '{actions,docs}/**/*.md'],
  {
    cwd: root,
    exclude: (name) => name === 'node_modules',
  },
).flatMap((file) =>
  [...readFileSync(path.join(root, file), 'utf8').matchAll(/\buses: ([\w-]+\/[\w-]+)@(\S+)(?: # (\S+))?/g)]
    .filter(([, action]) => action !== 'org/deploy-actions')
    .map(([, action, ref, comment]): [string, string, string, string | undefined] => [file, action!, ref!, comment]),
)

test.each(uses)('%s: %s@%s runs on node24', (file, action, ref, comment) => {
  if (file.endsWith('.yml')) expect(ref).toMatch(/^[0-9a-f]{40}$/)
  const version = file.endsWith('.yml') ? comment : ref
  expect(Number(/^v(\d+)/.exec(version ?? '')?.[1])).toBeGreaterThanOrEqual(firstOnNode24[action] ?? Number.NaN)
})

test('one action is pinned to one commit everywhere', () => {
  const pins = new Map<string, Set<string>>()
  for (const [file, action, ref] of uses)
    if (file.endsWith('.yml')) pins.set(action, (pins.get(action) ?? new Set()).add(ref))
  expect([...pins].filter(([, refs]) => refs.size > 1)).toEqual([])
  expect(pins.size).toBe(3)
})
