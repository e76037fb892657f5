import fc from 'fast-check'
import {
  digestOf,
  ecrImage,
  imageName,
  imageText,
  isDigest,
  isRegistryId,
  isRepositoryName,
  isTag,
  parseImageRef,
  pinned,
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
const optional = (values: fc.Arbitrary<string>) => fc.option(values, { nil: undefined })
const host = fc.constantFrom(
  '123456789012.dkr.ecr.eu-central-1.amazonaws.com',
  '127.0.0.1:5000',
  'localhost:5000',
  'ghcr.io',
)

const ecrHost = fc.constantFrom(
  ...[
    'dkr.ecr.eu-central-1.amazonaws.com',
    'dkr.ecr.cn-north-1.amazonaws.com.cn',
    'dkr.ecr.us-gov-west-1.amazonaws.com',
  ],
  ...['dkr.ecr-fips.us-east-1.amazonaws.com', 'dkr-ecr.eu-central-1.on.aws', 'dkr-ecr-fips.us-gov-east-1.on.aws'],
)

test('a reference that is put together comes apart into the same parts, and gives the same text again', () => {
  fc.assert(
    fc.property(optional(host), name, optional(tag), optional(digest), (host, repository, tag, digest) => {
      fc.pre(host !== undefined || !/^localhost\/|^[^/]*\.[^/]*\//.test(repository))
      const text = `${host ? `${host}/` : ''}${repository}${tag ? `:${tag}` : ''}${digest ? `@${digest}` : ''}`
      const found = parseImageRef(text)
      expect(found).toMatchObject({ host, repository, tag, digest })
      expect(imageText(found!)).toBe(text)
    }),
  )
})

test("every host that ECR's guide names gives account and region", () => {
  fc.assert(
    fc.property(ecrHost, name, digest, (host, repository, digest) => {
      const found = parseImageRef(`123456789012.${host}/${repository}@${digest}`)
      const region = host.split('.').find((part) => /-\d$/.test(part))
      expect(found).toMatchObject({ kind: 'ecr', registryId: '123456789012', region, repository, digest })
    }),
  )
})

test('what is pinned names the digest alone, on the host it was written with', () => {
  const ref = parseImageRef('123456789012.dkr-ecr.eu-west-1.on.aws/shop/api:v1')!
  const digest = `sha256:${'a'.repeat(64)}`
  expect(imageName(ref)).toBe('shop/api:v1')
  expect(imageText(pinned(ref, digest))).toBe(`123456789012.dkr-ecr.eu-west-1.on.aws/shop/api@${digest}`)
  expect(imageName(pinned(ref, digest))).toBe(`shop/api@${'a'.repeat(12)}`)
})

test.each([
  ['nginx', undefined, 'nginx', undefined],
  ['nginx:1.27', undefined, 'nginx', '1.27'],
  ['library/nginx', undefined, 'library/nginx', undefined],
  ['my--app__x/y', undefined, 'my--app__x/y', undefined],
  ['localhost:5000', undefined, 'localhost', '5000'],
  ['localhost:5000/a', 'localhost:5000', 'a', undefined],
  ['ghcr.io/org/app:v1', 'ghcr.io', 'org/app', 'v1'],
  ['public.ecr.aws/docker/library/nginx', 'public.ecr.aws', 'docker/library/nginx', undefined],
])('%s is an image of another registry', (text, host, repository, tag) => {
  expect(parseImageRef(text)).toEqual({ kind: 'foreign', host, repository, tag, digest: undefined })
})

test.each([
  '',
  ' ',
  'https://example.com/shop',
  'API:Good',
  'example.com/API',
  'shop api',
  'shop:1 ',
  'shop:a:b',
  'shop:1@2',
  'shop:',
  ':1',
  'shop@',
  'shop@sha256:abc',
  `shop@sha256:${'a'.repeat(64)}@sha256:${'a'.repeat(64)}`,
  '/shop',
  'shop/',
  'a//b',
  '-x.example.com/shop',
  'example.com:port/shop',
  'shop:$TAG',
  'shop\n',
  'shop:1\n',
  '123456789012.dkr.ecr.eu-central-1.amazonaws.com/',
  '123456789012.dkr.ecr.eu-central-1.amazonaws.com/x',
])('%j is no image reference', (text) => {
  expect(parseImageRef(text)).toBeUndefined()
})

test('whatever parses gives the same text again, and any text is judged at once', () => {
  const noise = fc.string({ unit: fc.constantFrom(...'ab/:@.-_A0 \n'), maxLength: 24 })
  fc.assert(
    fc.property(
      fc.oneof(
        noise,
        fc.tuple(host, noise).map((parts) => parts.join('/')),
      ),
      (text) => {
        const found = parseImageRef(text)
        if (found) expect(imageText(found)).toBe(text)
      },
    ),
  )
})

test.each(['a', 'a.', 'a-', 'a_', 'a/', 'a:', '0', '@', '1.dkr.ecr.'])('long runs of "%s" cost no time', (unit) => {
  for (const length of [1000, 300_000]) {
    const text = unit.repeat(length)
    for (const hostile of [text, `${text}!`, `example.com/${text}!`, `example.com/a:${text}!`]) parseImageRef(hostile)
  }
  // A backtracking pattern would not come to this line within the test's time.
  expect(parseImageRef(unit.repeat(300_000))).toBeUndefined()
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
  expect(
    imageText(ecrImage({ registryId: '123456789012', region: 'eu-central-1', repository: 'shop/api', digest })),
  ).toBe(`123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/api@${digest}`)
  expect(registryHost('123456789012', 'cn-north-1')).toBe('123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn')
  expect(isRegistryId('12345678901')).toBe(false)
})
