import type { Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';

@Injectable()
export class RecipientStore {
  /** The newest word on an account counts, in whatever order they arrive. */
  async note(
    sql: Sql,
    recipient: { accountId: string; email: string | undefined; atNs: bigint },
  ): Promise<void> {
    await sql.query(
      `insert into recipient as known (account_id, email, updated_at_ns) values ($1, $2, $3)
       on conflict (account_id) do update set email = excluded.email, updated_at_ns = excluded.updated_at_ns
         where known.updated_at_ns <= excluded.updated_at_ns`,
      [recipient.accountId, recipient.email ?? null, recipient.atNs],
    );
  }
}
