import { facts, requests, type VerbInput } from '@decent-cloud/messages';
import { enqueue, factMessage } from '@decent-cloud/outbox';
import { Database } from '@decent-cloud/postgres';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { rentalCharge } from '../ledger/domain/transfer.ts';
import { LedgerStore, type Posted } from '../ledger/ledger.store.ts';
import { assertWalletCurrency } from '../wallet/domain/wallet.ts';
import { assertSameCharge } from './domain/rental.ts';
import { RentalStore } from './rental.store.ts';

@Answers(requests.chargeRental)
export class ChargeRental implements Verb<typeof requests.chargeRental> {
  constructor(
    private readonly database: Database,
    private readonly ledger: LedgerStore,
    private readonly rentals: RentalStore,
  ) {}

  async run({ body }: VerbInput<typeof requests.chargeRental>, { caller, now }: VerbContext) {
    requireService(caller);
    const { contractId, accountId, amountE9s, reservationId } = body;
    const currency = assertWalletCurrency(body.currency);
    const charge = { accountId, amountE9s, currency };
    const transfer = rentalCharge({ contractId, ...charge });
    const posted = await this.database.transaction(async (sql): Promise<Posted> => {
      if (!(await this.rentals.insertCharged(sql, contractId, charge, now))) {
        assertSameCharge(await this.rentals.lock(sql, contractId), charge);
        return this.ledger.find(sql, transfer.idempotencyKey);
      }
      const done = await this.ledger.post(sql, transfer, now, reservationId);
      const messages = [
        factMessage(facts.rentalCharged, { contractId, accountId, amountE9s, currency, atNs: now }),
        factMessage(facts.walletChanged, {
          accountId,
          entryType: 'rental_debit',
          amountE9s: -amountE9s,
          balanceE9s: this.balanceOf(done, accountId),
          currency,
          reference: contractId,
          atNs: now,
        }),
      ];
      await enqueue(sql, messages, now);
      return done;
    });
    return { chargedE9s: amountE9s, balanceE9s: this.balanceOf(posted, accountId) };
  }

  private balanceOf(posted: Posted, accountId: string): bigint {
    const balance = posted.balanceAfterE9s({ kind: 'wallet', owner: accountId });
    if (balance === undefined) throw new Error(`no posting for the wallet of ${accountId}`);
    return balance;
  }
}
