import { type Clock, Refusal } from '@decent-cloud/kernel';
import { requests } from '@decent-cloud/messages';
import { isDatabaseUnavailable } from '@decent-cloud/postgres';
import { Bus, CLOCK, LOGGER, type Logger } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { ContractStore } from '../contract/contract.store.ts';
import type { Contract } from '../contract/domain/contract.ts';
import { charged, chargeRefused, endedUnpaid } from '../contract/domain/decide.ts';

export type PaymentOutcome =
  | { readonly kind: 'settled'; readonly contract: Contract }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** Somebody ended the rental first: there is nothing to pay. */
  | { readonly kind: 'ended' }
  /** Nobody knows yet: the fact or the reconciler will tell. */
  | { readonly kind: 'unknown' };

/** Takes the price of a rental from the tenant's wallet. Charging is once for each contract, so it may be repeated. */
@Injectable()
export class RentalPayment {
  constructor(
    private readonly bus: Bus,
    private readonly store: ContractStore,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** `isAnswered`: the tenant waits for the outcome. */
  async charge(contract: Contract, requestId: string, isAnswered = false): Promise<PaymentOutcome> {
    const { contractId, tenantAccountId, priceE9s, currency, operationId } = contract;
    let chargedE9s: bigint;
    try {
      const answer = await this.bus.ask(
        requests.chargeRental,
        {
          body: {
            contractId,
            accountId: tenantAccountId,
            amountE9s: priceE9s,
            currency,
            reservationId: operationId,
          },
        },
        { requestId },
      );
      chargedE9s = answer.chargedE9s;
    } catch (error) {
      if (error instanceof Refusal && error.code !== 'UNAVAILABLE') {
        return this.refused(contract, error, isAnswered);
      }
      this.logger.warn({ error, contractId }, 'the answer to a charge is lost');
      return { kind: 'unknown' };
    }
    try {
      return { kind: 'settled', contract: await this.confirm(contract, chargedE9s, this.clock()) };
    } catch (error) {
      if (!isDatabaseUnavailable(error)) throw error;
      this.logger.warn({ error, contractId }, 'a charge could not be written down yet');
      return { kind: 'unknown' };
    }
  }

  /** The books have it. */
  confirm({ contractId, currency }: Contract, amountE9s: bigint, now: bigint): Promise<Contract> {
    return this.store.change(contractId, (known) => charged(known, { amountE9s, currency }, now), now);
  }

  private async refused(contract: Contract, refusal: Refusal, isAnswered: boolean): Promise<PaymentOutcome> {
    const after = await this.store.change(
      contract.contractId,
      (known) => chargeRefused(known, refusal.reason, isAnswered),
      this.clock(),
    );
    if (endedUnpaid(after)) return { kind: 'ended' };
    return after.paidE9s > 0n ? { kind: 'settled', contract: after } : { kind: 'refused', refusal };
  }
}
