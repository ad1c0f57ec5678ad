import { Database } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { Purpose } from '../ledger/domain/transfer.ts';
import { WALLET_CURRENCY } from './domain/wallet.ts';

export interface WalletEntry {
  readonly id: bigint;
  readonly amountE9s: bigint;
  readonly balanceAfterE9s: bigint;
  readonly purpose: Purpose;
  readonly reference: string;
  readonly createdAtNs: bigint;
}

export interface Wallet {
  readonly balanceE9s: bigint;
  readonly entries: readonly WalletEntry[];
}

/** A wallet with its newest entries: a row for each of them, or one row without an entry. */
const NEWEST = `select w.balance_e9s as "balanceE9s", p.id, p.amount_e9s as "amountE9s",
          p.balance_after_e9s as "balanceAfterE9s", t.purpose, t.reference, t.created_at_ns as "createdAtNs"
   from ledger_account w
   left join lateral (
     select * from ledger_posting where account_id = w.id order by id desc limit $3) p on true
   left join ledger_transfer t on t.id = p.transfer_id
   where w.kind = 'wallet' and w.owner = $1 and w.currency = $2 order by p.id desc`;

type Row = { readonly balanceE9s: bigint } & (WalletEntry | { readonly id: null });

@Injectable()
export class WalletStore {
  constructor(private readonly database: Database) {}

  /** Undefined: nothing was ever paid into it. */
  async find(accountId: string, entriesShown: number): Promise<Wallet | undefined> {
    const rows = await this.database.query<Row>(NEWEST, [accountId, WALLET_CURRENCY, entriesShown]);
    const [first] = rows;
    if (!first) return undefined;
    return { balanceE9s: first.balanceE9s, entries: rows.filter((row) => row.id !== null) };
  }
}
