import type { Sql } from '@decent-cloud/postgres';
import { type AccountName, assertAboveFloor, nameOf, type Transfer } from './domain/transfer.ts';
import type { ReservationStore } from './reservation.store.ts';

export interface Posted {
  /** False: this transfer had happened before; the figures are those of then. */
  readonly isNew: boolean;
  balanceAfterE9s(account: AccountName): bigint | undefined;
}

export interface Move<A> {
  readonly account: A;
  readonly amountE9s: bigint;
}

/** How money is moved, wherever the books are kept: in a database, or in a simulation's memory. */
export abstract class Posting<A extends { readonly balanceE9s: bigint }> {
  constructor(private readonly reservations: ReservationStore) {}

  /** What a transfer did when it happened. */
  abstract find(sql: Sql, idempotencyKey: string): Promise<Posted>;

  /** Its number; undefined when it is there already. */
  protected abstract begin(sql: Sql, transfer: Transfer, now: bigint): Promise<bigint | undefined>;
  /** Makes the accounts that are missing and locks all of them, everybody in the same order. By name. */
  protected abstract lock(sql: Sql, transfer: Transfer): Promise<ReadonlyMap<string, A>>;
  /** Gives what each account has then. */
  protected abstract write(
    sql: Sql,
    id: bigint,
    transfer: Transfer,
    moves: readonly Move<A>[],
  ): Promise<ReadonlyMap<A, bigint>>;

  /**
   * Moves money once, in the caller's transaction; what was reserved under `reservationId` is used up.
   * @throws Refusal INSUFFICIENT_BALANCE when an account would fall below its floor.
   */
  async post(sql: Sql, transfer: Transfer, now: bigint, reservationId?: string): Promise<Posted> {
    const id = await this.begin(sql, transfer, now);
    if (id === undefined) return this.find(sql, transfer.idempotencyKey);
    const accounts = await this.lock(sql, transfer);
    const moves: Move<A>[] = [];
    for (const { account: name, amountE9s } of transfer.movements) {
      const account = accounts.get(nameOf(name));
      if (!account) throw new Error(`ledger account ${nameOf(name)} is missing`);
      const isSpent = name.kind === 'wallet' && amountE9s < 0n;
      const wallet = { accountId: name.owner, currency: transfer.currency };
      const reservedE9s = isSpent
        ? await this.reservations.reservedByOthers(sql, wallet, reservationId, now)
        : 0n;
      const { balanceE9s } = account;
      assertAboveFloor({ ...name, balanceE9s, reservedE9s }, amountE9s, transfer.currency);
      moves.push({ account, amountE9s });
    }
    if (reservationId !== undefined) await this.reservations.delete(sql, reservationId);
    const after = await this.write(sql, id, transfer, moves);
    return {
      isNew: true,
      balanceAfterE9s: (name) => {
        const account = accounts.get(nameOf(name));
        return account && after.get(account);
      },
    };
  }
}
