import { type FactPayload, facts } from '@decent-cloud/messages';
import { enqueue, factMessage, type OutgoingMessage } from '@decent-cloud/outbox';
import { LOGGER, type Logger, type Reaction, type ReactionContext, Reacts } from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import { rentalSettlement } from '../ledger/domain/transfer.ts';
import { LedgerStore } from '../ledger/ledger.store.ts';
import { decideSettlement } from './domain/rental.ts';
import { RentalStore } from './rental.store.ts';

/** A contract is over: what was held for it goes out, or nothing can be charged for it any more. */
@Reacts(facts.contractEnded)
export class OnContractEnded implements Reaction<typeof facts.contractEnded> {
  constructor(
    private readonly ledger: LedgerStore,
    private readonly rentals: RentalStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async react(ended: FactPayload<typeof facts.contractEnded>, { sql, now }: ReactionContext): Promise<void> {
    const { contractId, providerPublicKey } = ended;
    if (await this.rentals.insertVoid(sql, contractId, now)) {
      if (ended.paidE9s > 0n && ended.paymentMethod === 'wallet') {
        this.logger.error({ contractId, paidE9s: String(ended.paidE9s) }, 'ended as paid, but never charged');
      }
      return;
    }
    const rental = await this.rentals.lock(sql, contractId);
    const settlement = decideSettlement(rental, ended);
    if (settlement.kind === 'done') return;
    const { accountId, currency } = rental;
    if (accountId === null || currency === null) throw new Error(`rental ${contractId} has no payer`);
    const { refundE9s, earnedE9s } = settlement;
    const posted = await this.ledger.post(
      sql,
      rentalSettlement({ contractId, accountId, providerPublicKey, refundE9s, earnedE9s, currency }),
      now,
    );
    await this.rentals.markSettled(sql, contractId, { refundE9s, earnedE9s, providerPublicKey }, now);
    const balanceE9s = posted.balanceAfterE9s({ kind: 'wallet', owner: accountId });
    if (balanceE9s === undefined) return;
    const refund = { accountId, amountE9s: refundE9s, currency, atNs: now };
    const messages: OutgoingMessage[] = [
      factMessage(facts.refundIssued, { contractId, ...refund }),
      factMessage(facts.walletChanged, {
        ...refund,
        entryType: 'rental_refund',
        balanceE9s,
        reference: contractId,
      }),
    ];
    await enqueue(sql, messages, now);
  }
}
