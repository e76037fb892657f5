import fc from 'fast-check'
import { startSimulator } from '../src/index.ts'
import { decodeCbor, encodeCbor } from '../src/wire/cbor.ts'

// Examples of RFC 8949, appendix A.
test.each([
  ['00', 0],
  ['1864', 100],
  ['1903e8', 1000],
  ['1b000000e8d4a51000', 1_000_000_000_000],
  ['3863', -100],
  ['f93c00', 1],
  ['f90001', 2 ** -24],
  ['f9c400', -4],
  ['fa47c35000', 100_000],
  ['fb3ff199999999999a', 1.1],
  ['f5', true],
  ['f6', null],
  ['6449455446', 'IETF'],
  ['63e6b0b4', '水'],
  ['83010203', [1, 2, 3]],
  ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
  ['bf61610161629f0203ffff', { a: 1, b: [2, 3] }],
  ['7f657374726561646d696e67ff', 'streaming'],
  ['c11a514b67b0', new Date('2013-03-21T20:04:00Z')],
  ['4401020304', Buffer.from([1, 2, 3, 4])],
])('%s is read', (hex, value) => {
  expect(decodeCbor(Buffer.from(hex, 'hex'))).toEqual(value)
})

test('what is written is read again', () => {
  const leaf = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.double({ noNaN: true }),
    fc.boolean(),
    fc.constant(null),
    fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') }),
  )
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('any')),
      fc.dictionary(
        fc.string().filter((key) => key !== '__proto__'),
        tie('any'),
      ),
    ),
  })).any
  fc.assert(
    fc.property(value, (one) => {
      expect(JSON.stringify(decodeCbor(encodeCbor(one)))).toBe(JSON.stringify(one))
    }),
  )
})

test('CloudWatch answers in it', async () => {
  const simulator = await startSimulator({ scenario: { seed: { alarms: [{ name: 'errors', state: 'ALARM' }] } } })
  const call = async (operation: string, input: object) => {
    const response = await fetch(`${simulator.url}/service/GraniteServiceVersion20100801/operation/${operation}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/cbor',
        'smithy-protocol': 'rpc-v2-cbor',
        authorization:
          'AWS4-HMAC-SHA256 Credential=AKID/20261101/eu-central-1/monitoring/aws4_request, SignedHeaders=host, Signature=00',
      },
      body: encodeCbor(input) as never,
    })
    expect(response.headers.get('smithy-protocol')).toBe('rpc-v2-cbor')
    return { status: response.status, body: decodeCbor(Buffer.from(await response.arrayBuffer())) }
  }
  expect(await call('DescribeAlarms', { AlarmNames: ['errors'] })).toMatchObject({
    status: 200,
    body: { MetricAlarms: [{ AlarmName: 'errors', StateValue: 'ALARM', StateUpdatedTimestamp: expect.any(Date) }] },
  })
  expect(await call('SetAlarmState', { AlarmName: 'none', StateValue: 'OK', StateReason: 'x' })).toMatchObject({
    status: 404,
    body: { __type: 'ResourceNotFound' },
  })
  await simulator.close()
})
