import { secondsToNs } from '@decent-cloud/kernel';
import { requests } from '@decent-cloud/messages';
import { Bus, LOGGER, type Logger, type Sweep, Sweeps } from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import { ContractStore } from '../contract/contract.store.ts';
import type { Contract } from '../contract/domain/contract.ts';
import { awaitsPayment, deadlinePassed, unpaidStep } from '../contract/domain/decide.ts';
import { FROM_THE_START, WaitingContractsStore } from '../contract/waiting-contracts.store.ts';
import type { ContractsSettings } from '../settings.ts';
import { RentalPayment } from './rental-payment.ts';

/** The request that made the contract is still at work on younger ones. */
const GRACE_NS = secondsToNs(10);
const BATCH = 200;
const MAX_BATCHES = 10;

/**
 * Finishes rentals whose payment got no answer: asks the books first, charges what is not charged (once for each
 * contract, so a charge that only seems lost is found), and ends what is out of time.
 */
@Sweeps({
  name: 'confirm-payments',
  everySeconds: (settings: ContractsSettings) => settings.TIMEOUT_SCAN_SECONDS,
})
export class ConfirmPayments implements Sweep {
  constructor(
    private readonly bus: Bus,
    private readonly waiting: WaitingContractsStore,
    private readonly store: ContractStore,
    private readonly payment: RentalPayment,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async sweep(now: bigint): Promise<void> {
    let position = FROM_THE_START;
    for (let batch = 0; batch < MAX_BATCHES; batch++) {
      const unpaid = await this.waiting.unpaid(now - GRACE_NS, position, BATCH);
      const last = unpaid.at(-1);
      if (!last) return;
      // Without an answer of the books nothing is decided: the whole pass is repeated later.
      const { payments } = await this.bus.ask(requests.rentalPayments, {
        body: { contractIds: unpaid.map(({ contractId }) => contractId) },
      });
      const inBooks = new Map(payments.map((payment) => [payment.contractId, payment.chargedE9s]));
      for (const contract of unpaid) await this.finish(contract, inBooks.get(contract.contractId) ?? 0n, now);
      if (unpaid.length < BATCH) return;
      position = { atNs: last.createdAtNs, contractId: last.contractId };
    }
  }

  private async finish(contract: Contract, chargedE9s: bigint, now: bigint): Promise<void> {
    const { contractId } = contract;
    try {
      const step = unpaidStep(contract, chargedE9s, now);
      if (step === 'confirm') await this.payment.confirm(contract, chargedE9s, now);
      else if (step === 'expire') await this.expire(contractId, now);
      else await this.payment.charge(contract, globalThis.crypto.randomUUID());
    } catch (error) {
      this.logger.error({ error, contractId }, 'a payment could not be settled; it is tried again');
    }
  }

  private async expire(contractId: string, now: bigint): Promise<void> {
    await this.store.change(
      contractId,
      (contract) => (awaitsPayment(contract) ? deadlinePassed(contract, now) : undefined),
      now,
    );
  }
}
