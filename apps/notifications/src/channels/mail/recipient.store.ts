import { rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';

interface Recipient {
  readonly accountId: string;
  /** Undefined: the account is known to have none. */
  readonly email: string | undefined;
  readonly atNs: bigint;
}

const recipientRow = rowOf<Recipient>()({
  accountId: 'account_id',
  email: 'email',
  atNs: 'updated_at_ns',
});
const NOTE = `insert into recipient as known (${recipientRow.names}) values (${recipientRow.places()})
  on conflict (account_id) do update set ${recipientRow.omit('accountId').excluded}
    where known.updated_at_ns <= excluded.updated_at_ns`;

@Injectable()
export class RecipientStore {
  /** The newest word on an account counts, in whatever order they arrive. */
  async note(sql: Sql, recipient: Recipient): Promise<void> {
    await sql.query(NOTE, recipientRow.values(recipient));
  }
}
