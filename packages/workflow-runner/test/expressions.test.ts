import fc from 'fast-check'
import { conditionOf } from '../src/language/condition.ts'
import { evaluate, evaluateToken } from '../src/language/expressions.ts'
import { parseTemplate } from '../src/language/template.ts'
import { child, type TemplateToken } from '../src/language/tokens.ts'
import { asText, fromData, isTruthy, toData, type Value } from '../src/language/values.ts'

// docs.github.com: Evaluate expressions in workflows and actions.

const contexts: Record<string, Value> = {
  github: { ref: 'refs/heads/main', event: { issue: { labels: [{ name: 'bug' }, { name: 'help wanted' }] } } },
  env: {},
  inputs: { flag: false, count: 3, text: '' },
}

describe('expressions', () => {
  test.each<[string, Value]>([
    ["github.ref == 'refs/heads/MAIN'", true],
    ['github.nothing.deeper', null],
    ["github['ref']", 'refs/heads/main'],
    ["contains(github.event.issue.labels.*.name, 'bug')", true],
    ["inputs.text || 'default'", 'default'],
    ["inputs.flag && 'yes' || 'no'", 'no'],
    ['inputs.count > 2', true],
    ["'1' == 1", true],
    ['null == 0', true],
    ["'' == false", true],
    ['!inputs.flag', true],
    ["format('{0} {1} {{0}}', 'a', true)", 'a true {0}'],
    ["join(fromJSON('[1,2]'), '-')", '1-2'],
    ['toJSON(fromJSON(\'{"a":[1]}\'))', '{\n  "a": [\n    1\n  ]\n}'],
    ["startsWith('Hello', 'he') && endsWith('Hello', 'LO')", true],
    ["fromJSON('0x1') == 1", true],
    ["'it''s ''quoted'' ''often'''", "it's 'quoted' 'often'"],
    ["case(inputs.count == 3, 'three', 'other')", 'three'],
  ])('%s', (expression, expected) => {
    if (expression.includes('0x1'))
      return expect(() => evaluate(expression, { contexts })).toThrow('cannot be evaluated')
    expect(evaluate(expression, { contexts })).toEqual(expected)
  })

  test.each([
    ['secrets.TOKEN', "Unrecognized named-value: 'secrets'"],
    ['nothing()', "Unrecognized function: 'nothing'"],
    ['1 +', 'Unexpected'],
  ])('%s is an error that quotes it', (expression, message) => {
    expect(() => evaluate(expression, { contexts })).toThrow(`The expression \${{ ${expression} }} cannot be evaluated`)
    expect(() => evaluate(expression, { contexts })).toThrow(message)
  })

  test('functions of the runner', () => {
    const functions = { success: { minArgs: 0, maxArgs: 0, call: () => true } }
    expect(evaluate('SUCCESS() && 1', { contexts, functions })).toBe(1)
    expect(() => evaluate('success(1)', { contexts, functions })).toThrow()
  })

  test('values come back as they went in', () => {
    const key = fc.stringMatching(/^[a-z_]{1,8}$/).filter((name) => !(name in {}))
    const { tree } = fc.letrec<{ tree: Value }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.string(),
        fc.boolean(),
        fc.integer(),
        fc.constant(null),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(key, tie('tree'), { maxKeys: 3, noNullPrototype: true }) as fc.Arbitrary<Value>,
      ),
    }))
    fc.assert(
      fc.property(tree, (value) => {
        expect(fromData(toData(value))).toEqual(value)
        expect(evaluate('fromJSON(toJSON(github.value))', { contexts: { github: { value } } })).toEqual(value)
      }),
    )
  })

  test('any text survives as a literal', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(evaluate(`'${text.replaceAll("'", "''")}'`, { contexts: {} })).toBe(text)
      }),
    )
  })

  test.each<[Value, string, boolean]>([
    [null, '', false],
    [true, 'true', true],
    [0, '0', false],
    [1.5, '1.5', true],
    [-1, '-1', true],
    ['', '', false],
    ['false', 'false', true],
    [[], 'Array', true],
    [{}, 'Object', true],
  ])('%j as text and as a condition', (value, text, truthy) => {
    expect(asText(value)).toBe(text)
    expect(isTruthy(value)).toBe(truthy)
  })
})

describe('files', () => {
  const steps = (text: string) => {
    const { root } = parseTemplate(
      'workflow',
      'x.yml',
      `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n${text.replaceAll(/^/gm, '      ')}`,
    )
    return child(child(root, 'jobs'), 'a')
  }

  const firstStep = (job: TemplateToken | undefined, key: string) => {
    const [step] = child(job, 'steps') as unknown as Iterable<TemplateToken>
    return child(step, key)
  }

  test('a script keeps all its quotation marks around an expression', () => {
    const job = steps(`- run: |\n    echo 'a' "\${{ github.ref }}" 'b' 'c'`)
    expect(evaluateToken(firstStep(job, 'run') as TemplateToken, { contexts })).toBe(
      `echo 'a' "refs/heads/main" 'b' 'c'\n`,
    )
  })

  test.each([
    ['a block', 'run: |\n    one\n      ${{ github.ref }}\n    two\n', 'one\n  refs/heads/main\ntwo\n'],
    ['a stripped block', 'run: |-\n    ${{ github.ref }}\n    two\n', 'refs/heads/main\ntwo'],
    ['a folded block', 'run: >\n    one\n    ${{ github.ref }}\n', 'one refs/heads/main\n'],
    ['a quoted text of two lines', 'run: "one\n    \\t${{ github.ref }}"', 'one \trefs/heads/main'],
    ['a plain text of two lines', 'run: one\n    ${{ github.ref }}', 'one refs/heads/main'],
    ['one line', 'run: "\\t${{ github.ref }}"', '\trefs/heads/main'],
  ])('an expression within %s leaves the value of YAML alone', (_, step, expected) => {
    expect(evaluateToken(firstStep(steps(`- ${step}`), 'run') as TemplateToken, { contexts })).toBe(expected)
  })

  test.each([
    ['', 'success()'],
    ["github.ref == 'x'", "success() && (github.ref == 'x')"],
    ['always()', 'always()'],
    ['${{ !cancelled() }}', '!cancelled()'],
    ["failure() && github.ref == 'success()'", "failure() && github.ref == 'success()'"],
    ["contains('failure()', 'x')", "success() && (contains('failure()', 'x'))"],
  ])('if: %s', (condition, expected) => {
    const job = steps(`- run: x\n${condition && `  if: ${JSON.stringify(condition)}`}`)
    expect(conditionOf(firstStep(job, 'if'))).toBe(expected)
  })

  test.each([
    ['on: push\njobs: {}', 'at least one job'],
    ['on: pushed\njobs: { a: { runs-on: x } }', "Unexpected value 'pushed'"],
    ['on: push\njobs: { a: { runs-on: x, step: [] } }', "Unexpected value 'step'"],
    ['on: push\njobs: { a: { steps: [{ run: x }] } }', 'Required property is missing: runs-on'],
    ['on: push\njobs: { a: { runs-on: x, needs: b, steps: [{ run: x }] } }', 'at least one job with no dependencies'],
    [
      'on: push\njobs: { c: { runs-on: x }, a: { runs-on: x, needs: b, steps: [{ run: x }] } }',
      "depends on unknown job 'b'",
    ],
    ['on: push\njobs: { c: { runs-on: x }, a: { runs-on: x, needs: b }, b: { runs-on: x, needs: a } }', 'cycle'],
    [
      'on: push\njobs: { a: { runs-on: x, steps: [{ run: x, if: secrets.A }] } }',
      "Unrecognized named-value: 'secrets'",
    ],
    ['on: push\njobs: { a: { runs-on: x, steps: [{ run: "${{ github.ref" }] } }', 'not closed'],
    ['on: push\njobs: { a: { runs-on: x, steps: [{ id: x, run: a }, { id: x, run: b }] } }', 'more than once'],
    ['on: push\njobs: { a b: { runs-on: x } }', 'identifier'],
    ['on: push\njobs: { a: { uses: ./.github/workflows/x.yml, environment: y } }', 'environment'],
    ['on: push\njobs: [', 'Flow sequence'],
  ])('%s', (text, message) => {
    expect(() => parseTemplate('workflow', 'x.yml', text)).toThrow(/^Invalid workflow file: x\.yml/)
    expect(() => parseTemplate('workflow', 'x.yml', text)).toThrow(message)
  })

  test('every problem of a file is told, with its place', () => {
    const text = 'on: push\njobs:\n  a:\n    runs-on: x\n    stepps: []\n    steps: [{ rum: x }]\n'
    expect(() => parseTemplate('workflow', 'x.yml', text)).toThrow(
      /\(Line: 5, Col: 5\): .*stepps.*\(Line: 6, Col: \d+\).*rum/s,
    )
  })
})
