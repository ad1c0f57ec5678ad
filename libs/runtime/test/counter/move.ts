import { int64, request, type VerbInput } from '@decent-cloud/messages';
import { Database } from '@decent-cloud/postgres';
import { z } from 'zod';
import { Answers, type Verb, type VerbContext } from '../../src/index.ts';

export const move = request({
  subject: 'req.payments.v1.move',
  askedBy: ['gateway'],
  body: z.object({ amounts: z.array(int64()) }),
  answer: z.object({ moved: z.boolean() }),
  idempotent: true,
});

/** One transaction for each amount. */
@Answers(move)
export class Move implements Verb<typeof move> {
  constructor(private readonly database: Database) {}

  async run({ body }: VerbInput<typeof move>, _context: VerbContext) {
    for (const amount of body.amounts) {
      await this.database.transaction((sql) =>
        sql.query('insert into counter values (gen_random_uuid(), $1)', [amount]),
      );
      await beforeNext.work();
    }
    return { moved: true };
  }
}

/** What a spec does between two transactions. */
export const beforeNext = { work: (): Promise<void> => Promise.resolve() };
