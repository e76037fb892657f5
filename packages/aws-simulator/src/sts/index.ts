import type { ServiceHandlers } from '../world.ts'

/** STS: who is calling. */
export function stsHandlers(): ServiceHandlers {
  return {
    signingName: 'sts',
    operations: {
      GetCallerIdentity: (_input: object, caller) => ({
        UserId: 'AROASIMULATOR00000000:simulator',
        Account: caller.accountId,
        Arn: caller.arn,
      }),
    },
  }
}
