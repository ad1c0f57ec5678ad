import { int64, request } from '@decent-cloud/messages';
import { z } from 'zod';
import { Answers, type Verb, type VerbContext } from '../../src/index.ts';

export const expire = request({
  subject: 'req.payments.v1.expire',
  askedBy: ['gateway'],
  answer: z.object({ expiredAtNs: int64() }),
});

/** Decides by time. */
@Answers(expire)
export class Expire implements Verb<typeof expire> {
  async run(_input: object, { now }: VerbContext) {
    return { expiredAtNs: now };
  }
}
