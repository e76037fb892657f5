import fc from 'fast-check'
import {
  digestOf,
  imageUri,
  isDigest,
  isRegistryId,
  isRepositoryName,
  isTag,
  parseImageReference,
  registryHost,
} from '../src/index.ts'

const letter = (alphabet: string) => fc.constantFrom(...alphabet)
const word = fc.string({ unit: letter('abcz019'), minLength: 1, maxLength: 6 })
const part = fc
  .tuple(word, fc.array(fc.tuple(letter('._-'), word), { maxLength: 2 }))
  .map(([first, rest]) => first + rest.flat().join(''))
const name = fc
  .array(part, { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'))
  .filter((text) => text.length >= 2)
const tag = fc
  .tuple(letter('aZ0_'), fc.string({ unit: letter('aZ0_.-'), maxLength: 20 }))
  .map((parts) => parts.join(''))
const digest = fc
  .string({ unit: letter('0123456789abcdef'), minLength: 64, maxLength: 64 })
  .map((hex) => `sha256:${hex}`)
const host = fc.constantFrom(
  '123456789012.dkr.ecr.eu-central-1.amazonaws.com',
  '127.0.0.1:5000',
  'localhost:5000',
  'ghcr.io',
)

test('a reference that is put together comes apart into the same parts', () => {
  fc.assert(
    fc.property(host, name, fc.option(tag), fc.option(digest), (host, repository, tag, digest) => {
      const text = `${host}/${repository}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`
      expect(parseImageReference(text)).toEqual({ host, repository, ...(tag && { tag }), ...(digest && { digest }) })
    }),
  )
})

test('whatever parses gives the same text again', () => {
  const noise = fc.string({ unit: letter('ab/:@.-_A0 '), maxLength: 24 })
  fc.assert(
    fc.property(
      fc.oneof(
        noise,
        fc.tuple(host, noise).map((parts) => parts.join('/')),
      ),
      (text) => {
        const found = parseImageReference(text)
        if (!found) return
        const { host, repository, tag, digest } = found
        expect(`${host}/${repository}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`).toBe(text)
      },
    ),
  )
})

test('names, tags and digests that ECR takes are taken', () => {
  fc.assert(fc.property(name, (text) => isRepositoryName(text)))
  fc.assert(fc.property(tag, (text) => isTag(text)))
  fc.assert(fc.property(fc.uint8Array(), (bytes) => isDigest(digestOf(bytes))))
})

test.each([
  ['a', 'shorter than ECR takes'],
  ['Shop', 'upper case'],
  ['shop//api', 'an empty part'],
  ['shop/', 'an open end'],
  ['-shop', 'a leading separator'],
  ['shop..api', 'a doubled separator'],
  ['shop:1', 'a tag'],
  ['x'.repeat(257), 'longer than ECR takes'],
])('%s is no repository name: %s', (text) => {
  expect(isRepositoryName(text)).toBe(false)
})

test.each(['', '.hidden', '-x', 'a b', 'a:b', 'a/b', 'v1+2', 'x'.repeat(129)])('"%s" is no tag', (text) => {
  expect(isTag(text)).toBe(false)
})

test.each([
  `sha256:${'A'.repeat(64)}`,
  `sha256:${'a'.repeat(63)}`,
  'a'.repeat(64),
  `sha512:${'a'.repeat(64)}`,
  ` sha256:${'a'.repeat(64)}`,
])('"%s" is no digest', (text) => {
  expect(isDigest(text)).toBe(false)
})

test('hosts and URIs follow the partition of the region', () => {
  const digest = `sha256:${'a'.repeat(64)}`
  expect(imageUri('123456789012', 'eu-central-1', 'shop/api', digest)).toBe(
    `123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/api@${digest}`,
  )
  expect(registryHost('123456789012', 'cn-north-1')).toBe('123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn')
  expect(isRegistryId('12345678901')).toBe(false)
})
