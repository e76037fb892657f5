import { existsSync, globSync, readFileSync, rmSync } from 'node:fs'
import path from 'node:path'
import { root } from './lib/repository.ts'
import { turbo } from './lib/turbo.ts'

interface JestResults {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numFailedTestSuites: number
  testResults: { name: string; status: string; assertionResults: { status: string; fullName: string }[] }[]
}

const workspaces = globSync('{packages,actions}/*/package.json', { cwd: root })
  .map(path.dirname)
  .concat('scripts')
  .sort()
for (const workspace of workspaces) rmSync(path.join(root, workspace, 'test-results.json'), { force: true })

const status = turbo('test', ['--continue', '--output-logs=new-only', ...process.argv.slice(2)])

let passed = 0
let failed = 0
let skipped = 0
const broken: string[] = []
for (const workspace of workspaces) {
  const file = path.join(root, workspace, 'test-results.json')
  if (!existsSync(file)) continue
  const results = JSON.parse(readFileSync(file, 'utf8')) as JestResults
  passed += results.numPassedTests
  skipped += results.numPendingTests
  failed += results.numFailedTests
  for (const suite of results.testResults) {
    const failures = suite.assertionResults.filter((test) => test.status === 'failed')
    broken.push(...failures.map((test) => `${path.relative(root, suite.name)}: ${test.fullName}`))
    // A file that does not even load has no failed test of its own, and must not count as nothing.
    if (suite.status === 'failed' && failures.length === 0) {
      failed++
      broken.push(`${path.relative(root, suite.name)}: the file did not run`)
    }
  }
}
if (status !== 0 && failed === 0) {
  failed++
  broken.push(`turbo run test ended with exit code ${status}`)
}

for (const name of broken) console.log(`not ok  ${name}`)
console.log(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`)
process.exitCode = failed > 0 ? 1 : 0
