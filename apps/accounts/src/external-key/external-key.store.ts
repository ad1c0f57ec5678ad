import { rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { AccountsPrisma } from '../accounts-prisma.ts';

export interface NewExternalKey {
  readonly accountId: string;
  readonly keyType: string;
  readonly keyData: string;
  readonly keyFingerprint: string | null;
  readonly label: string | null;
  readonly operationId: string;
}

const newKeyRow = rowOf<NewExternalKey>()({
  accountId: 'account_id',
  keyType: 'key_type',
  keyData: 'key_data',
  keyFingerprint: 'key_fingerprint',
  label: 'label',
  operationId: 'operation_id',
});
const INSERT = `insert into external_key (${newKeyRow.names}, created_at_ns) values (${newKeyRow.places(2)}, $1)`;

@Injectable()
export class ExternalKeyStore {
  constructor(private readonly prisma: AccountsPrisma) {}

  async accountIdOf(username: string): Promise<string | undefined> {
    const account = await this.prisma.account.findUnique({
      where: { canonicalUsername: username.trim().toLowerCase() },
      select: { id: true },
    });
    return account?.id;
  }

  list(accountId: string, page: { limit: number; offset: number; afterId: bigint | undefined }) {
    return this.prisma.externalKey.findMany({
      where: { accountId, ...(page.afterId === undefined ? {} : { id: { gt: page.afterId } }) },
      orderBy: { id: 'asc' },
      take: page.limit,
      skip: page.offset,
    });
  }

  async count(sql: Sql, accountId: string): Promise<number> {
    const [row] = await sql.query<{ count: number }>(
      'select count(*)::int as count from external_key where account_id = $1',
      [accountId],
    );
    return row?.count ?? 0;
  }

  async isDone(sql: Sql, operationId: string): Promise<boolean> {
    return (await sql.query('select 1 from external_key where operation_id = $1', [operationId])).length > 0;
  }

  async insert(sql: Sql, key: NewExternalKey, now: bigint): Promise<void> {
    await sql.query(INSERT, [now, ...newKeyRow.values(key)]);
  }

  async delete(sql: Sql, accountId: string, id: bigint): Promise<void> {
    await sql.query('delete from external_key where account_id = $1 and id = $2', [accountId, id]);
  }
}
