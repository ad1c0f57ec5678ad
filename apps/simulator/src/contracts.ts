import { Refusal, secondsToNs } from '@decent-cloud/kernel';
import { type Answer, requests } from '@decent-cloud/messages';
import { cancelContract, createContract, respondToRequest } from '@decent-cloud/messages/contracts';
import type { ContractStore } from '../../contracts/src/contract/contract.store.ts';
import type { Advanced } from '../../contracts/src/contract/domain/advance.ts';
import type { Contract } from '../../contracts/src/contract/domain/contract.ts';
import type { Terms } from '../../contracts/src/contract/domain/new-contract.ts';
import type { RentalRequest } from '../../contracts/src/contract/domain/rental-request.ts';
import type { Accounts } from './accounts.ts';
import { ContractRows, type Decide, LIMITS } from './contract-rows.ts';
import { ContractsInMemory } from './contracts-in-memory.ts';
import { SETTINGS } from './contracts-settings.ts';
import type { Transaction } from './database.ts';
import type { Process } from './kernel.ts';
import type { Offerings } from './offerings.ts';
import type { Parts } from './parts.ts';
import type { Payments } from './payments.ts';
import { type ContractMutations, RentalPayment, tolerant } from './rental-payment.ts';
import type { Rules } from './rules.ts';
import { bySubject, Service, type Surroundings } from './service.ts';
import { standIn } from './stand-in.ts';

export const SCAN_SECONDS = 5;
const HOLD_NS = secondsToNs(90);
const HOLD_MARGIN_NS = secondsToNs(60);

/** The life of rentals: the only writer of their states. */
export class Contracts extends Service {
  readonly rows: ContractRows;
  private readonly payment: RentalPayment;
  accounts!: Accounts;
  offerings!: Offerings;
  payments!: Payments;
  /** Told of every new contract, as people see it in their lists. */
  onCreated: (contract: Contract) => void = () => undefined;

  private readonly store: ContractsInMemory;
  protected readonly reactions: Service['reactions'];

  constructor(
    around: Surroundings,
    skewUs: number,
    private readonly rules: Rules['contracts'],
    parts: Parts['contracts'],
    private readonly mutant: ContractMutations,
    saysSteps: boolean,
  ) {
    super('contracts', skewUs, around);
    this.rows = new ContractRows(rules, saysSteps);
    this.store = new ContractsInMemory(this.database, this.rows, SETTINGS, mutant);
    this.payment = new RentalPayment({
      ...{ rules, mutant, random: around.kernel.random, rows: this.rows },
      now: () => this.now,
      payments: () => this.payments,
      change: (contractId, decide, now) => this.change(contractId, decide, now),
    });
    const store = standIn<ContractStore>(this.store);
    const {
      OnMachineAssigned,
      OnMachineAvailabilityChanged,
      OnMachineProvisioned,
      OnMachineRemoved,
      OnProvisioningFailed,
      OnProvisioningStarted,
      OnRefundIssued,
      OnRentalCharged,
      OnStockReleased,
    } = parts;
    this.reactions = bySubject([
      new OnMachineAssigned(store),
      new OnMachineAvailabilityChanged(store),
      new OnMachineProvisioned(store),
      new OnMachineRemoved(store),
      new OnProvisioningFailed(store),
      new OnProvisioningStarted(store),
      new OnRefundIssued(store),
      new OnRentalCharged(store),
      new OnStockReleased(store),
    ]);
    this.readFacts('contracts');
  }

  protected sweeps() {
    return [
      { name: 'confirm-payments', everySeconds: SCAN_SECONDS, sweep: () => this.payment.confirmPayments() },
      { name: 'settle-deadlines', everySeconds: SCAN_SECONDS, sweep: () => this.settleDeadlines() },
    ];
  }

  // ---- what people ask ---------------------------------------------------------------------------

  create(user: string, request: RentalRequest, key: string): Process<{ contractId: string }> {
    const verb = (operationId: string) => this.createOnce(user, request, operationId);
    const options = { regeneratesOperation: this.mutant.regeneratedOperation };
    return this.once(`${createContract.subject} ${user} ${key}`, verb, options);
  }

  cancel(user: string, contractId: string, key: string): Process<string> {
    return this.answered(cancelContract.subject, contractId, key, () =>
      this.rules.cancel({ publicKey: user, memo: undefined }),
    );
  }

  respond(user: string, contractId: string, accept: boolean, key: string): Process<string> {
    const by = { publicKey: user, memo: undefined };
    return this.answered(respondToRequest.subject, contractId, key, () =>
      accept ? this.rules.accept(by) : this.rules.reject(by),
    );
  }

  private answered(subject: string, contractId: string, key: string, decide: Decide): Process<string> {
    const { change, now } = { change: this.change.bind(this), now: this.now };
    return this.once(
      `${subject} ${key}`,
      function* (operationId) {
        yield* change(contractId, decide, now, operationId);
        return 'done';
      },
      { regeneratesOperation: false },
    );
  }

  private *createOnce(
    user: string,
    request: RentalRequest,
    operationId: string,
  ): Process<{ contractId: string }> {
    const { now } = this;
    yield this.around.kernel.random.int(200, 1_500);
    const contract =
      this.rows.findByOperation(operationId) ?? (yield* this.open(user, request, operationId, now));
    const { contractId } = contract;
    if (contract.paymentStatus === 'failed') {
      throw new Refusal('PAYMENT_REQUIRED', 'INSUFFICIENT_BALANCE', 'Insufficient wallet balance');
    }
    if (contract.paymentStatus === 'pending') yield* this.payment.charge(contract);
    return { contractId };
  }

  private *open(
    tenantPublicKey: string,
    request: RentalRequest,
    operationId: string,
    now: bigint,
  ): Process<Contract> {
    const { accounts, rules } = this;
    const tenant = yield* accounts.ask('contracts', requests.ensureAccount.subject, () =>
      accounts.ensureAccount(tenantPublicKey),
    );
    rules.assertEmailVerified(tenant);
    const untilNs = this.now + HOLD_NS;
    const offering = yield* this.quote(operationId, request, tenantPublicKey);
    const providerAccountId = yield* accounts.ask('contracts', requests.resolveKey.subject, () =>
      accounts.accountOf(offering.providerPublicKey),
    );
    const terms = { operationId, request, tenantPublicKey, tenant, offering, providerAccountId };
    const isCharged = yield* this.reserve(terms, untilNs);
    let held: Answer<typeof requests.holdStock>;
    try {
      held = yield* this.takeHold(operationId, request, tenantPublicKey, untilNs);
    } catch (error) {
      if (isCharged) yield* this.releaseFunds(operationId);
      throw error;
    }
    const stockHeldAtNs = this.now;
    try {
      const nowNs = this.now;
      if (nowNs > untilNs - HOLD_MARGIN_NS) {
        throw tookTooLong();
      }
      const agreement = { ...terms, offering: held, askedAtNs: now, stockHeldAtNs, nowNs };
      return yield* this.transaction((tx) => this.insert(tx, agreement, nowNs));
    } catch (error) {
      return yield* this.giveUp(error, operationId);
    }
  }

  private insert(tx: Transaction, agreement: Parameters<Rules['contracts']['newContract']>[0], now: bigint) {
    const { rules } = this;
    const first = this.rows.findByOperation(agreement.operationId);
    if (first) return first;
    const contract = rules.newContract(agreement, 0);
    if (this.rows.contracts.get(contract.contractId)) throw new Error(`two contracts ${contract.contractId}`);
    let advanced = rules.open(contract, LIMITS);
    if (!rules.needsCharge(contract)) {
      advanced = rules.andThen(advanced, rules.paidWithoutCharge(contract, now), now, LIMITS);
    }
    this.rows.write(tx, this.rows.told(advanced, now), undefined);
    this.onCreated(advanced.contract);
    return advanced.contract;
  }

  /** The unit goes back, but only when it is certain that there is no contract: a commit may have lost its answer. */
  private *giveUp(cause: unknown, operationId: string): Process<Contract> {
    yield this.around.kernel.random.int(200, 1_500);
    const written = this.mutant.givesUpBlindly ? undefined : this.rows.findByOperation(operationId);
    if (written) return written;
    yield* this.releaseHold(operationId);
    yield* this.releaseFunds(operationId);
    throw cause;
  }

  private *quote(
    holdId: string,
    { offeringDbId, durationHours }: RentalRequest,
    renterPublicKey: string,
  ): Process<Answer<typeof requests.quoteRental>> {
    try {
      return yield* this.offerings.ask('contracts', requests.quoteRental.subject, () =>
        this.offerings.quoteRental({ holdId, offeringDbId, renterPublicKey, durationHours }),
      );
    } catch (error) {
      throw saidNo(error) && error.reason === 'TRANSITION_NOT_ALLOWED' ? tookTooLong() : error;
    }
  }

  /** Prices do not change here: what was quoted is what it costs. */
  private *reserve(terms: Terms, untilNs: bigint): Process<boolean> {
    const { operationId: reservationId, request, tenant, offering } = terms;
    const amountE9s = this.rules.agreedPriceE9s(terms);
    if (!this.rules.needsCharge({ priceE9s: amountE9s, paymentMethod: request.paymentMethod })) return false;
    if (this.mutant.reservesNoFunds) return true;
    const { accountId } = tenant;
    const { currency } = offering;
    const funds = { reservationId, accountId, amountE9s, currency, untilNs };
    try {
      yield* this.payments.ask('contracts', requests.reserveFunds.subject, () =>
        this.payments.reserveFunds(funds),
      );
      return true;
    } catch (error) {
      if (!saidNo(error)) yield* this.releaseFunds(reservationId);
      throw error;
    }
  }

  private *releaseFunds(reservationId: string): Process {
    try {
      yield* this.payments.ask('contracts', requests.releaseFunds.subject, () =>
        this.payments.releaseFunds({ reservationId }),
      );
    } catch (error) {
      // Their own end lets go of them.
      if (!(error instanceof Refusal)) throw error;
    }
  }

  private *takeHold(
    holdId: string,
    { offeringDbId, durationHours }: RentalRequest,
    renterPublicKey: string,
    untilNs: bigint,
  ): Process<Answer<typeof requests.holdStock>> {
    const body = { holdId, offeringDbId, renterPublicKey, durationHours, untilNs };
    try {
      return yield* this.offerings.ask('contracts', requests.holdStock.subject, () =>
        this.offerings.holdStock(body),
      );
    } catch (error) {
      if (!saidNo(error)) yield* this.releaseHold(holdId);
      throw saidNo(error) && error.reason === 'TRANSITION_NOT_ALLOWED' ? tookTooLong() : error;
    }
  }

  private *releaseHold(holdId: string): Process {
    try {
      yield* this.offerings.ask('contracts', requests.releaseStock.subject, () =>
        this.offerings.releaseStock({ holdId }),
      );
    } catch (error) {
      // The hold's own end gives it back.
      if (!(error instanceof Refusal)) throw error;
    }
  }

  // ---- time --------------------------------------------------------------------------------------

  private *settleDeadlines(): Process {
    if (this.mutant.settlesNoDeadlines) return;
    const { now } = this;
    for (const { contractId, deadlineAtNs, paymentStatus } of [...this.rows.contracts.values()]) {
      if (deadlineAtNs === null || deadlineAtNs > now || paymentStatus === 'pending') continue;
      yield* tolerant(this.change(contractId, (contract) => this.rules.deadlinePassed(contract, now), now));
    }
  }

  *livingHolds(holdIds: readonly string[]): Process<{ living: string[] }> {
    yield this.around.kernel.random.int(200, 2_000);
    const living = holdIds.filter((holdId) => {
      const contract = this.rows.findByOperation(holdId);
      return contract !== undefined && contract.deadlineAtNs !== null;
    });
    return { living };
  }

  // ---- changes -----------------------------------------------------------------------------------

  private change(contractId: string, decide: Decide, now: bigint, operationId?: string): Process<Contract> {
    return this.changeOrLock(contractId, decide, now, operationId);
  }

  /** Read, and one write that holds only if the row is still the one that was read; else under the lock. */
  private *changeOrLock(
    contractId: string,
    decide: Decide,
    now: bigint,
    operationId: string | undefined,
  ): Process<Contract> {
    yield this.around.kernel.random.int(200, 2_000);
    const read = this.rows.mustFind(contractId);
    let advanced: Advanced | undefined;
    try {
      const change = decide(read);
      if (!change) return read;
      advanced = this.rows.told(this.rules.advance(read, change, now, LIMITS), now);
    } catch (error) {
      const isConflict = error instanceof Refusal && error.code === 'CONFLICT';
      if (!isConflict || operationId === undefined) throw error;
    }
    const ready = advanced;
    return yield* this.transaction((tx) => {
      const isTheRowRead = this.rows.contracts.get(contractId) === read || this.mutant.writesWhatWasRead;
      if (!ready || !isTheRowRead) return this.rows.changeIn(tx, contractId, decide, operationId, now);
      this.rows.write(tx, ready, operationId);
      return ready.contract;
    });
  }
}

const saidNo = (error: unknown): error is Refusal => error instanceof Refusal && error.code !== 'UNAVAILABLE';

const tookTooLong = (): Refusal =>
  new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', 'The rental took too long: try again');
