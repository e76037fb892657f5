import assert from 'node:assert/strict'

let passed = 0
let failed = 0
let skipped = 0

/** One check, printed when it is done. `unless` is the reason why it can't run here. */
export async function check(name: string, unless: string | false, body: () => Promise<void> | void): Promise<void> {
  if (unless) {
    skipped++
    return console.log(`skipped  ${name}: ${unless}`)
  }
  const started = performance.now()
  try {
    await body()
    passed++
    console.log(`ok       ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`)
  } catch (error) {
    failed++
    console.log(`not ok   ${name}\n${indented(error)}`)
  }
}

/** Prints the count; the exit code says whether all is well. */
export function finish(): void {
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
  if (failed > 0 || passed === 0) process.exitCode = 1
}

export { assert }

function indented(error: unknown): string {
  const text = error instanceof Error ? (error instanceof assert.AssertionError ? error.message : error.stack) : error
  return String(text)
    .split('\n')
    .slice(0, 60)
    .map((line) => `         ${line}`)
    .join('\n')
}
