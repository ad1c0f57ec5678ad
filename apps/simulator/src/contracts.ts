import { NS_PER_SECOND, Refusal, secondsToNs } from '@decent-cloud/kernel';
import { type Answer, type FactPayload, facts, requests } from '@decent-cloud/messages';
import { cancelContract, createContract, respondToRequest } from '@decent-cloud/messages/contracts';
import type { Advanced, HistoryEntry } from '../../contracts/src/contract/domain/advance.ts';
import type { Change, Contract, Limits } from '../../contracts/src/contract/domain/contract.ts';
import type { RentalRequest } from '../../contracts/src/contract/domain/rental-request.ts';
import type { Accounts } from './accounts.ts';
import { DatabaseAwayError, Table, type Transaction } from './database.ts';
import type { Process } from './kernel.ts';
import type { Offerings } from './offerings.ts';
import type { Payments } from './payments.ts';
import type { Rules } from './rules.ts';
import { Service, type Surroundings } from './service.ts';

/** As in the real service, but shorter where people are waited for. */
export const LIMITS: Limits = {
  requestedNs: 600n * NS_PER_SECOND,
  pendingNs: 600n * NS_PER_SECOND,
  responseNs: 900n * NS_PER_SECOND,
  provisioningNs: 600n * NS_PER_SECOND,
  settleInNs: 900n * NS_PER_SECOND,
};
export const SCAN_SECONDS = 5;
const HOLD_NS = secondsToNs(90);
const HOLD_MARGIN_NS = secondsToNs(60);
const GRACE_NS = secondsToNs(10);

export interface HistoryRow extends HistoryEntry {
  readonly atNs: bigint;
  readonly operationId: string | undefined;
}
export interface ContractMutations {
  /** The number under which a rental is made is drawn anew on each attempt. */
  readonly regeneratedOperation: boolean;
  /** The number under which money is asked for is drawn anew on each attempt. */
  readonly regeneratedCharge: boolean;
  /** After a lost answer the unit is given back without a look whether the contract was written. */
  readonly givesUpBlindly: boolean;
  /** A change is written though the contract has changed since it was read. */
  readonly writesWhatWasRead: boolean;
  readonly settlesNoDeadlines: boolean;
  readonly confirmsNoPayments: boolean;
}
type Decide = (contract: Contract) => Change | undefined;
type Outcome = 'settled' | 'unknown';

/** The life of rentals: the only writer of their states. */
export class Contracts extends Service {
  readonly contracts = new Table<string, Contract>();
  readonly byOperation = new Table<string, string>();
  readonly history = new Table<string, readonly HistoryRow[]>();
  accounts!: Accounts;
  offerings!: Offerings;
  payments!: Payments;
  /** Told of every new contract, as people see it in their lists. */
  onCreated: (contract: Contract) => void = () => undefined;

  protected readonly reactions: ReadonlyMap<string, (fact: never, tx: Transaction) => void>;

  constructor(
    around: Surroundings,
    skewUs: number,
    private readonly rules: Rules['contracts'],
    private readonly mutant: ContractMutations,
    /** Steps are for people only and cost much: in some worlds they are not said. */
    private readonly saysSteps: boolean,
  ) {
    super('contracts', skewUs, around);
    const on =
      <F extends { contractId: string }>(
        decide: (contract: Contract, fact: F, now: bigint) => Change | undefined,
      ) =>
      (fact: F, tx: Transaction) => {
        this.changeIn(tx, fact.contractId, (contract) => decide(contract, fact, tx.now));
      };
    this.reactions = new Map<string, (fact: never, tx: Transaction) => void>([
      [facts.rentalCharged.subject, on<FactPayload<typeof facts.rentalCharged>>(this.rules.charged)],
      [facts.refundIssued.subject, on<FactPayload<typeof facts.refundIssued>>(this.rules.refunded)],
      [facts.stockReleased.subject, on<FactPayload<typeof facts.stockReleased>>(this.rules.stockReleased)],
      [
        facts.machineAssigned.subject,
        on<FactPayload<typeof facts.machineAssigned>>(this.rules.machineAssigned),
      ],
      [
        facts.provisioningStarted.subject,
        on<FactPayload<typeof facts.provisioningStarted>>(this.rules.provisioningStarted),
      ],
      [
        facts.machineProvisioned.subject,
        on<FactPayload<typeof facts.machineProvisioned>>(this.rules.machineProvisioned),
      ],
      [
        facts.provisioningFailed.subject,
        on<FactPayload<typeof facts.provisioningFailed>>(this.rules.provisioningFailed),
      ],
      [facts.machineRemoved.subject, on<FactPayload<typeof facts.machineRemoved>>(this.rules.machineRemoved)],
    ]);
    this.readFacts('contracts');
  }

  protected sweeps() {
    return [
      { name: 'confirm-payments', everySeconds: SCAN_SECONDS, sweep: () => this.confirmPayments() },
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
    const contract = this.findByOperation(operationId) ?? (yield* this.open(user, request, operationId, now));
    const { contractId } = contract;
    if (contract.paymentStatus === 'failed') {
      throw new Refusal('PAYMENT_REQUIRED', 'INSUFFICIENT_BALANCE', 'Insufficient wallet balance');
    }
    if (contract.paymentStatus === 'pending') yield* this.charge(contract);
    return { contractId };
  }

  private *open(
    requesterPubkey: string,
    request: RentalRequest,
    operationId: string,
    now: bigint,
  ): Process<Contract> {
    const { accounts, rules } = this;
    const tenant = yield* accounts.ask('contracts', requests.ensureAccount.subject, () =>
      accounts.ensureAccount(requesterPubkey),
    );
    rules.assertEmailVerified(tenant);
    const holdUntilNs = this.now + HOLD_NS;
    const offering = yield* this.takeHold(operationId, request, requesterPubkey, holdUntilNs);
    const stockHeldAtNs = this.now;
    try {
      const providerAccountId = yield* accounts.ask('contracts', requests.resolveKey.subject, () =>
        accounts.accountOf(offering.providerPublicKey),
      );
      const nowNs = this.now;
      if (nowNs > holdUntilNs - HOLD_MARGIN_NS) {
        throw tookTooLong();
      }
      const agreement = {
        operationId,
        request,
        requesterPubkey,
        tenant,
        offering,
        providerAccountId,
        askedAtNs: now,
        stockHeldAtNs,
        nowNs,
      };
      return yield* this.transaction((tx) => this.insert(tx, agreement, nowNs));
    } catch (error) {
      return yield* this.giveUp(error, operationId);
    }
  }

  private insert(tx: Transaction, agreement: Parameters<Rules['contracts']['newContract']>[0], now: bigint) {
    const { rules } = this;
    const first = this.findByOperation(agreement.operationId);
    if (first) return first;
    const contract = rules.newContract(agreement, 0);
    if (this.contracts.get(contract.contractId)) throw new Error(`two contracts ${contract.contractId}`);
    let advanced = rules.open(contract, LIMITS);
    if (!rules.needsCharge(contract)) {
      advanced = rules.andThen(advanced, rules.paidWithoutCharge(contract, now), now, LIMITS);
    }
    this.write(tx, this.told(advanced, now), undefined);
    this.onCreated(advanced.contract);
    return advanced.contract;
  }

  /** The unit goes back, but only when it is certain that there is no contract: a commit may have lost its answer. */
  private *giveUp(cause: unknown, operationId: string): Process<Contract> {
    yield this.around.kernel.random.int(200, 1_500);
    const written = this.mutant.givesUpBlindly ? undefined : this.findByOperation(operationId);
    if (written) return written;
    yield* this.releaseHold(operationId);
    throw cause;
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
      const saidNo = error instanceof Refusal && error.code !== 'UNAVAILABLE';
      if (!saidNo) yield* this.releaseHold(holdId);
      if (saidNo && error.reason === 'TRANSITION_NOT_ALLOWED') throw tookTooLong();
      throw error;
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

  // ---- money -------------------------------------------------------------------------------------

  private *charge(contract: Contract): Process<Outcome> {
    const { contractId, requesterAccountId: accountId, priceE9s: amountE9s, currency } = contract;
    const asked = this.mutant.regeneratedCharge ? this.around.kernel.random.hex(32) : contractId;
    let chargedE9s: bigint;
    try {
      const answer = yield* this.payments.ask('contracts', requests.chargeRental.subject, () =>
        this.payments.chargeRental({ contractId: asked, accountId, amountE9s, currency }),
      );
      chargedE9s = answer.chargedE9s;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.code === 'UNAVAILABLE') return 'unknown';
      const { reason } = error;
      const after = yield* this.change(
        contractId,
        (known) => this.rules.chargeRefused(known, reason),
        this.now,
      );
      if (after.paidE9s > 0n) return 'settled';
      throw error;
    }
    try {
      yield* this.confirm(contract, chargedE9s, this.now);
      return 'settled';
    } catch (error) {
      if (!(error instanceof DatabaseAwayError)) throw error;
      return 'unknown';
    }
  }

  private confirm({ contractId, currency }: Contract, amountE9s: bigint, now: bigint): Process<Contract> {
    return this.change(contractId, (known) => this.rules.charged(known, { amountE9s, currency }, now), now);
  }

  private *confirmPayments(): Process {
    if (this.mutant.confirmsNoPayments) return;
    const { now } = this;
    const unpaid = [...this.contracts.values()].filter(
      (contract) =>
        contract.paymentStatus === 'pending' &&
        contract.deadlineAtNs !== null &&
        contract.createdAtNs <= now - GRACE_NS,
    );
    if (unpaid.length === 0) return;
    const ids = unpaid.map(({ contractId }) => contractId);
    const payments = yield* this.payments.ask('contracts', requests.rentalPayments.subject, () =>
      this.payments.rentalPayments(ids),
    );
    const inBooks = new Map(payments.map((payment) => [payment.contractId, payment.chargedE9s]));
    for (const contract of unpaid) {
      yield* this.tolerant(this.finish(contract, inBooks.get(contract.contractId) ?? 0n, now));
    }
  }

  private *finish(contract: Contract, chargedE9s: bigint, now: bigint): Process {
    const { rules } = this;
    const step = rules.unpaidStep(contract, chargedE9s, now);
    if (step === 'confirm') yield* this.confirm(contract, chargedE9s, now);
    else if (step === 'charge') yield* this.charge(contract);
    else {
      const decide: Decide = (known) =>
        rules.awaitsPayment(known) ? rules.deadlinePassed(known, now) : undefined;
      yield* this.change(contract.contractId, decide, now);
    }
  }

  // ---- time --------------------------------------------------------------------------------------

  private *settleDeadlines(): Process {
    if (this.mutant.settlesNoDeadlines) return;
    const { now } = this;
    for (const { contractId, deadlineAtNs, paymentStatus } of [...this.contracts.values()]) {
      if (deadlineAtNs === null || deadlineAtNs > now || paymentStatus === 'pending') continue;
      yield* this.tolerant(
        this.change(contractId, (contract) => this.rules.deadlinePassed(contract, now), now),
      );
    }
  }

  /** One that fails does not stop the others; it is tried again. */
  private *tolerant(work: Process<unknown>): Process {
    try {
      yield* work;
    } catch (error) {
      if (!(error instanceof Refusal) && !(error instanceof DatabaseAwayError)) throw error;
    }
  }

  *livingHolds(holdIds: readonly string[]): Process<{ living: string[] }> {
    yield this.around.kernel.random.int(200, 2_000);
    const living = holdIds.filter((holdId) => {
      const contract = this.findByOperation(holdId);
      return contract !== undefined && contract.deadlineAtNs !== null;
    });
    return { living };
  }

  // ---- rows --------------------------------------------------------------------------------------

  private findByOperation(operationId: string): Contract | undefined {
    const contractId = this.byOperation.get(operationId);
    return contractId === undefined ? undefined : this.contracts.get(contractId);
  }

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
    const read = this.contracts.get(contractId);
    if (!read) throw contractNotFound();
    let advanced: Advanced | undefined;
    try {
      const change = decide(read);
      if (!change) return read;
      advanced = this.told(this.rules.advance(read, change, now, LIMITS), now);
    } catch (error) {
      const isConflict = error instanceof Refusal && error.code === 'CONFLICT';
      if (!isConflict || operationId === undefined) throw error;
    }
    const ready = advanced;
    return yield* this.transaction((tx) => {
      const isTheRowRead = this.contracts.get(contractId) === read || this.mutant.writesWhatWasRead;
      if (!ready || !isTheRowRead) return this.changeIn(tx, contractId, decide, operationId, now);
      this.write(tx, ready, operationId);
      return ready.contract;
    });
  }

  private changeIn(
    tx: Transaction,
    contractId: string,
    decide: Decide,
    operationId?: string,
    now = tx.now,
  ): Contract {
    const before = this.contracts.get(contractId);
    if (!before) throw contractNotFound();
    let advanced: Advanced;
    try {
      const change = decide(before);
      if (!change) return before;
      advanced = this.told(this.rules.advance(before, change, now, LIMITS), now);
    } catch (error) {
      const refused = error instanceof Refusal && error.code === 'CONFLICT';
      const wasDone = this.history.get(contractId)?.some((row) => row.operationId === operationId);
      if (refused && operationId && wasDone) return before;
      throw error;
    }
    this.write(tx, advanced, operationId);
    return advanced.contract;
  }

  private told(advanced: Advanced, now: bigint): Advanced {
    return this.saysSteps ? this.rules.withSteps(advanced, now) : advanced;
  }

  private write(tx: Transaction, advanced: Advanced, operationId: string | undefined): void {
    const { contract, before } = advanced;
    const { contractId } = contract;
    const atNs = contract.statusUpdatedAtNs;
    const rows = advanced.history.map((entry, index) => ({
      ...entry,
      atNs,
      operationId: index === 0 ? operationId : undefined,
    }));
    tx.put(this.contracts, contractId, contract);
    if (!before) tx.put(this.byOperation, contract.operationId, contractId);
    tx.put(this.history, contractId, [...(this.history.get(contractId) ?? []), ...rows]);
    for (const fact of advanced.facts) tx.say(fact);
  }
}

const contractNotFound = (): Refusal => new Refusal('NOT_FOUND', 'CONTRACT_NOT_FOUND', 'Contract not found');
const tookTooLong = (): Refusal =>
  new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', 'The rental took too long: try again');
