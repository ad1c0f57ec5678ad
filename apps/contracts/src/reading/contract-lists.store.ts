import { Refusal } from '@decent-cloud/kernel';
import { Database } from '@decent-cloud/postgres';
import type { User } from '@decent-cloud/runtime';
import { Injectable } from '@nestjs/common';
import { contractRow, SELECTED } from '../contract/contract.rows.ts';
import type { Contract } from '../contract/domain/contract.ts';
import { parseStatus, type Status } from '../contract/domain/status.ts';

export interface Page {
  readonly limit: number;
  readonly offset: number;
  /** Id of the last contract that the caller has. */
  readonly cursor?: string | undefined;
}

/** @throws Refusal INVALID for a word that is no status. */
export function statusFilter(text: string | undefined): Status[] | undefined {
  if (text === undefined || text === '') return undefined;
  const status = parseStatus(text);
  if (!status) throw new Refusal('INVALID', 'INVALID_INPUT', `status: "${text}" is no contract status`);
  return [status];
}

/**
 * Lists of contracts, newest first. What was refused at its charge is in none: whoever asked for it was told no.
 */
@Injectable()
export class ContractListsStore {
  constructor(private readonly database: Database) {}

  /** Those of one party: of the calling key and of its account. */
  async ofParty(
    party: 'requester' | 'provider',
    user: User,
    page: Page,
    statuses?: readonly Status[],
  ): Promise<Contract[]> {
    const one = (column: string, value: string) => `
      (select contract_id, created_at_ns from contract
       where ${column} = ${value} and payment_status <> 'failed'
         and ($3::text[] is null or status = any($3))
         and ($4::text is null or (created_at_ns, contract_id) <
              (select l.created_at_ns, l.contract_id from contract l where l.contract_id = $4))
       order by created_at_ns desc, contract_id desc limit $5::bigint + $6::bigint)`;
    return contractRow.query(
      this.database,
      `with own as (${one(`${party}_pubkey`, '$1')} union ${one(`${party}_account_id`, '$2')})
       select ${SELECTED} from own join contract c using (contract_id)
       order by c.created_at_ns desc, c.contract_id desc limit $5 offset $6`,
      [
        user.publicKey,
        user.accountId ?? null,
        statuses ?? null,
        page.cursor ?? null,
        page.limit,
        page.offset,
      ],
    );
  }
}
