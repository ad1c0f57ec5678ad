import { Database, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';

export interface AccountRow {
  agentPublicKey: string;
  accountPublicKey: string;
  accountJwt: string;
  accountShape: string;
  revokedAtNs: bigint | null;
  usersFromSeconds: bigint | null;
}

const COLUMNS = `agent_public_key as "agentPublicKey", account_public_key as "accountPublicKey",
  account_jwt as "accountJwt", coalesce(account_shape, '') as "accountShape", revoked_at_ns as "revokedAtNs",
  users_from_seconds as "usersFromSeconds"`;

/** The agents' accounts at the broker, as they shall be: the broker's own copy follows this one. */
@Injectable()
export class AgentAccountStore {
  constructor(private readonly database: Database) {}

  async find(agentPublicKey: string): Promise<AccountRow | undefined> {
    const [row] = await this.database.query<AccountRow>(
      `select ${COLUMNS} from agent where agent_public_key = $1 and account_public_key is not null`,
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
    await sql.query(
      `update agent set account_public_key = $2, account_jwt = $3, account_shape = $4, users_from_seconds = $5,
         account_push_due = true
       where agent_public_key = $1`,
      [
        agentPublicKey,
        account.accountPublicKey,
        account.accountJwt,
        account.accountShape,
        account.usersFromSeconds,
      ],
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
    return this.database.query<AccountRow>(
      `select ${COLUMNS} from agent where account_public_key is not null and agent_public_key > $1
       order by agent_public_key limit 200`,
      [agentPublicKey],
    );
  }
}
