import { Content, commitTag, errorOf, type Stage, stage } from './support.ts'

let on: Stage
afterEach(() => on.close())

interface Finding {
  name: string
  severity: string
  package?: string
  version?: string
  uri?: string
}

/** The image is in ECR, and its scan says this. */
async function scanned(scan?: { status?: string; description?: string; findings?: Finding[]; enhanced?: boolean }) {
  on = await stage({ registry: { ecr: { scanAppearsAfter: 0, scanTakes: 0 } } })
  const { layout, root } = await on.image()
  await on.run({ image: layout })
  if (scan) await patch({ digest: root.digest, scan })
  return {
    digest: root.digest,
    run: (inputs: Record<string, string> = {}) => on.run({ image: layout, scan: 'wait', ...inputs }),
  }
}

async function patch(change: { digest: string; scan: object }): Promise<void> {
  const answer = await fetch(`${on.simulator.url}/_simulator/images`, {
    method: 'PATCH',
    body: JSON.stringify([{ repository: 'shop/api', ...change }]),
  })
  if (!answer.ok) throw new Error(await answer.text())
}

const high = {
  name: 'CVE-2026-0002',
  severity: 'HIGH',
  package: 'openssl',
  version: '3.0.1',
  uri: 'https://example.com/2',
}
const low = { name: 'CVE-2026-0001', severity: 'LOW', package: 'zlib', version: '1.3' }

test.each([
  ['basic scanning, which ends in COMPLETE', false],
  ['enhanced scanning, which stays ACTIVE', true],
])('%s: findings below the threshold are listed, the gravest first', async (_, enhanced) => {
  const { run } = await scanned({ findings: [low, high], enhanced })
  const result = await run({ 'fail-on-severity': 'critical' })
  expect(errorOf(result)).toEqual([])
  expect(result.exitCode).toBe(0)
  expect(result.summary).toContain('1 high, 1 low')
  expect(result.summary).toContain('| high | [CVE-2026-0002](https://example.com/2) | openssl 3.0.1 |')
  expect(result.summary.indexOf('CVE-2026-0002')).toBeLessThan(result.summary.indexOf('CVE-2026-0001'))
})

test('findings from the threshold on make the step red, with the image and its outputs in place', async () => {
  const { run, digest } = await scanned({ findings: [low, high] })
  const result = await run({ 'fail-on-severity': 'medium' })
  expect(result.exitCode).toBe(1)
  expect(errorOf(result)[0]).toContain(`ECR's scan of ${digest} found 1 high, and "fail-on-severity" is "medium"`)
  expect(errorOf(result)[0]).toContain('do not deploy it')
  expect(result.outputs).toEqual({ digest, 'image-tag': commitTag, pushed: 'false' })
  expect((await run({ 'fail-on-severity': 'none' })).exitCode).toBe(0)
})

test('more findings than one page holds are counted and the summary says how many it leaves out', async () => {
  const many = Array.from({ length: 230 }, (_, index) => ({ name: `CVE-2026-${index}`, severity: 'LOW' }))
  const { run } = await scanned({ findings: [...many, high] })
  const result = await run({ 'fail-on-severity': 'high' })
  expect(errorOf(result)[0]).toContain('found 1 high')
  expect(result.summary).toContain('| high | [CVE-2026-0002]')
  expect(result.summary).toContain('and 181 more')
})

test('an image that can’t be scanned is said, and fails only where asked', async () => {
  const { run } = await scanned({
    status: 'UNSUPPORTED_IMAGE',
    description: 'UnsupportedImageError: The operating system is not supported.',
  })
  const said = await run()
  expect(said.exitCode).toBe(0)
  expect(said.annotations[0]).toMatchObject({ level: 'warning', title: 'Not scanned' })
  expect(said.annotations[0]?.message).toContain('The operating system is not supported')
  const failed = await run({ 'on-unsupported': 'fail' })
  expect(failed.exitCode).toBe(1)
  expect(errorOf(failed)[0]).toContain('UNSUPPORTED_IMAGE')
})

test.each([
  ['FAILED', 'scan of sha256:[0-9a-f]+ failed'],
  ['IN_PROGRESS', 'did not end within 1s \\(status IN_PROGRESS\\)'],
  ['PENDING', 'did not end within 1s \\(status PENDING\\)'],
])('a scan that is %s makes the step red', async (status, message) => {
  const { run } = await scanned({ status })
  const result = await run({ 'scan-timeout': '1s' })
  expect(result.exitCode).toBe(1)
  expect(errorOf(result)[0]).toMatch(new RegExp(message))
})

test('a repository that scans nothing makes the step red, unless it is told to start a scan itself', async () => {
  const { run } = await scanned()
  const waited = await run({ 'scan-timeout': '1s' })
  expect(errorOf(waited)[0]).toContain('ECR has not begun to scan')
  expect(errorOf(waited)[0]).toContain('set "scan: start"')
  const started = await run({ scan: 'start' })
  expect(errorOf(started)).toEqual([])
  expect(started.summary).toContain('no findings')
  expect(on.simulator.calls.map(({ operation }) => operation)).toContain('StartImageScan')
})

test('of an index every platform is judged, and attestations are not', async () => {
  on = await stage({ registry: { ecr: { scanAppearsAfter: 0, scanTakes: 0 } } })
  const content = new Content()
  const amd64 = await content.image(['amd64'], { platform: 'linux/amd64' })
  const arm64 = await content.image(['arm64'], { platform: 'linux/arm64' })
  const layout = on.layout('multi', content, content.index([amd64, arm64, content.attestation(amd64)]))
  await on.run({ image: layout })
  await patch({ digest: amd64.digest, scan: { findings: [] } })
  await patch({ digest: arm64.digest, scan: { findings: [{ ...high, severity: 'CRITICAL' }] } })
  const run = await on.run({ image: layout, scan: 'wait' })
  expect(errorOf(run)[0]).toContain(`${arm64.digest} (linux/arm64) found 1 critical`)
  expect(run.summary).toContain('**Scan of linux/amd64**: no findings')
})

test('without the right to read findings it is named', async () => {
  const { run } = await scanned({ findings: [] })
  on.simulator.addFaults({ service: 'ecr', operation: 'DescribeImageScanFindings', effect: { kind: 'deny' } })
  expect(errorOf(await run())[0]).toContain('ecr:DescribeImageScanFindings')
})
