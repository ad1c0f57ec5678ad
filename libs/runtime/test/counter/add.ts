import { Refusal } from '@decent-cloud/kernel';
import { int64, request, type VerbInput } from '@decent-cloud/messages';
import { Database } from '@decent-cloud/postgres';
import { z } from 'zod';
import { Answers, type Verb, type VerbContext } from '../../src/index.ts';

export const add = request({
  subject: 'req.payments.v1.add',
  askedBy: ['gateway'],
  body: z.object({ amount: int64() }),
  answer: z.object({ sum: int64() }),
  idempotent: true,
});

@Answers(add)
export class Add implements Verb<typeof add> {
  constructor(private readonly database: Database) {}

  async run({ body }: VerbInput<typeof add>, { operationId }: VerbContext) {
    if (body.amount === 13n) throw new Refusal('CONFLICT', 'AMOUNT_INVALID', 'not thirteen');
    if (body.amount === 14n) throw new Error('a bug');
    await this.database.query('insert into counter values ($1, $2) on conflict do nothing', [
      operationId,
      body.amount,
    ]);
    const [row] = await this.database.query<{ sum: bigint }>(
      'select sum(amount)::bigint as sum from counter',
    );
    return { sum: row?.sum ?? 0n };
  }
}
