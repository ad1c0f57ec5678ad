import { Database, rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';

export interface AccountRow {
  agentPublicKey: string;
  accountPublicKey: string;
  accountJwt: string;
  /** Null: made before this was noted. */
  accountShape: string | null;
  revokedAtNs: bigint | null;
  usersFromSeconds: bigint | null;
}

const accountRow = rowOf<AccountRow>()({
  agentPublicKey: 'agent_public_key',
  accountPublicKey: 'account_public_key',
  accountJwt: 'account_jwt',
  accountShape: 'account_shape',
  revokedAtNs: 'revoked_at_ns',
  usersFromSeconds: 'users_from_seconds',
});
const givenRow = accountRow.pick('accountPublicKey', 'accountJwt', 'accountShape', 'usersFromSeconds');

/** The agents' accounts at the broker, as they shall be: the broker's own copy follows this one. */
@Injectable()
export class AgentAccountStore {
  constructor(private readonly database: Database) {}

  async find(agentPublicKey: string): Promise<AccountRow | undefined> {
    const [row] = await accountRow.query(
      this.database,
      `select ${accountRow.select} from agent where agent_public_key = $1 and account_public_key is not null`,
      [agentPublicKey],
    );
    return row;
  }

  async put(
    sql: Sql,
    agentPublicKey: string,
    account: {
      readonly accountPublicKey: string;
      readonly accountJwt: string;
      readonly accountShape: string;
      readonly usersFromSeconds: bigint | null;
    },
  ): Promise<void> {
    const { sets, values } = givenRow.changed(account, 2);
    await sql.query(
      `update agent set ${sets.join(', ')}, account_push_due = true where agent_public_key = $1`,
      [agentPublicKey, ...values],
    );
  }

  /** These claims are at the broker; false when newer ones are to go there. */
  async pushed(agentPublicKey: string, accountJwt: string): Promise<boolean> {
    const rows = await this.database.query(
      `update agent set account_push_due = false where agent_public_key = $1 and account_jwt = $2 returning 1`,
      [agentPublicKey, accountJwt],
    );
    return rows.length === 1;
  }

  /** Keys of agents whose claims have not reached the broker yet. */
  async due(): Promise<string[]> {
    const rows = await this.database.query<{ agentPublicKey: string }>(
      `select agent_public_key as "agentPublicKey" from agent where account_push_due order by 1 limit 1000`,
    );
    return rows.map(({ agentPublicKey }) => agentPublicKey);
  }

  /** Part of all accounts, in the order of the agents' keys. */
  after(agentPublicKey: string): Promise<AccountRow[]> {
    return accountRow.query(
      this.database,
      `select ${accountRow.select} from agent where account_public_key is not null and agent_public_key > $1
       order by agent_public_key limit 200`,
      [agentPublicKey],
    );
  }
}
