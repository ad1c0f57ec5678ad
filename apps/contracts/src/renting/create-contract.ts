import { type Clock, REASONS, Refusal, secondsToNs } from '@decent-cloud/kernel';
import { type AnswerInput, requests, type VerbInput } from '@decent-cloud/messages';
import { createContract } from '@decent-cloud/messages/contracts';
import { PAGES } from '@decent-cloud/messages/pages';
import {
  Answers,
  Bus,
  CLOCK,
  LOGGER,
  type Logger,
  regardlessOfTime,
  requireUser,
  SETTINGS,
  type User,
  type Verb,
  type VerbContext,
} from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import { AccountDirectory } from '../contract/account-directory.ts';
import { ContractStore } from '../contract/contract.store.ts';
import type { Contract } from '../contract/domain/contract.ts';
import { paidWithoutCharge } from '../contract/domain/decide.ts';
import {
  agreedPriceE9s,
  assertEmailVerified,
  needsCharge,
  newContract,
  type Terms,
} from '../contract/domain/new-contract.ts';
import { checkRentalRequest, type RentalRequest } from '../contract/domain/rental-request.ts';
import { assertTakesKey } from '../contract/domain/ssh-public-key.ts';
import type { ContractsSettings } from '../settings.ts';
import { FundReservations, type Funds } from './funds.ts';
import { type HeldOffering, Holds, machineTypesOf, tookTooLong } from './hold.ts';
import { RentalPayment } from './rental-payment.ts';

const CREATED = 'Rental request created successfully';
const PAYMENT_UNCONFIRMED =
  'Rental request created; the payment is being confirmed. Look at the contract in a moment';
const BY_HAND = (hours: number) =>
  `${CREATED}; the provider answers by hand, within ${hours} hours at most. The money is held until then; a cancellation gives all of it back`;
const MESSAGES = {
  unknown: PAYMENT_UNCONFIRMED,
  /** A yes and not a refusal: a refusal frees the key, and a repeat would rent again what was given up. */
  ended: 'Rental request created; it has ended before it was paid. Look at the contract',
} as const;

/**
 * Rents an offering: set the money aside, hold the stock, write the contract, charge, accept. Each step may be repeated.
 */
@Answers(createContract)
export class CreateContract implements Verb<typeof createContract> {
  constructor(
    private readonly bus: Bus,
    private readonly store: ContractStore,
    private readonly directory: AccountDirectory,
    private readonly holds: Holds,
    private readonly funds: FundReservations,
    private readonly payment: RentalPayment,
    @Inject(SETTINGS) private readonly settings: ContractsSettings,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async run(
    { body }: VerbInput<typeof createContract>,
    context: VerbContext,
  ): Promise<AnswerInput<typeof createContract>> {
    const user = requireUser(context.caller);
    const request = checkRentalRequest(body, { production: this.settings.ENVIRONMENT === 'prod' });
    const contract =
      (await this.store.findByOperation(context.operationId)) ?? (await this.open(user, request, context));
    const { contractId } = contract;
    if (contract.paymentStatus === 'failed') throw paymentFailed(contract);
    const settled = contract.autoAccept ? CREATED : BY_HAND(this.settings.RESPONSE_TIMEOUT_HOURS);
    if (contract.paymentStatus !== 'pending') return { contractId, message: settled };
    const outcome = await this.payment.charge(contract, context.requestId, true);
    if (outcome.kind === 'refused') throw outcome.refusal;
    return { contractId, message: outcome.kind === 'settled' ? settled : MESSAGES[outcome.kind] };
  }

  private async open(
    user: User,
    request: RentalRequest,
    { operationId, requestId, now }: VerbContext,
  ): Promise<Contract> {
    const tenantPublicKey = user.publicKey;
    // Past it unit and money are given back unless a contract lives; none is written in the last two thirds.
    const holdNs = secondsToNs(this.settings.STOCK_HOLD_SECONDS);
    const untilNs = this.clock() + holdNs;
    const quoting = this.holds.quote(operationId, request, user, requestId);
    // Whoever may not rent is told so first, whatever the offering says.
    quoting.catch(() => undefined);
    const tenant = await this.bus.ask(
      requests.ensureAccount,
      { body: { publicKey: tenantPublicKey } },
      { requestId },
    );
    assertEmailVerified(tenant);
    const offering = await quoting;
    assertTakesKey(machineTypesOf(offering), request.sshPublicKey);
    const providerAccountId =
      offering.providerAccountId ?? (await this.directory.accountOf(offering.providerPublicKey));
    const terms = { operationId, request, tenantPublicKey, tenant, offering, providerAccountId };
    const fundsOf = (agreed: Terms): Funds => ({
      reservationId: operationId,
      accountId: tenant.accountId,
      amountE9s: agreedPriceE9s(agreed),
      currency: agreed.offering.currency,
      untilNs,
    });
    const isCharged = ({ amountE9s }: Funds) =>
      needsCharge({ priceE9s: amountE9s, paymentMethod: request.paymentMethod });
    const funds = fundsOf(terms);
    if (isCharged(funds)) await this.funds.reserve(funds, requestId);
    const holder = { publicKey: tenantPublicKey, accountId: tenant.accountId };
    let held: HeldOffering;
    try {
      held = await this.holds.take(operationId, request, holder, untilNs, requestId);
    } catch (error) {
      if (isCharged(funds)) await this.funds.release(operationId, requestId);
      throw error;
    }
    const stockHeldAtNs = this.clock();
    try {
      const agreed = { ...terms, offering: held };
      // Its price has risen since it was quoted.
      const needed = fundsOf(agreed);
      if (isCharged(needed) && needed.amountE9s > funds.amountE9s)
        await this.funds.reserve(needed, requestId);
      const nowNs = this.clock();
      if (nowNs > untilNs - (2n * holdNs) / 3n) throw tookTooLong();
      return await this.store.insert(
        (attempt) => newContract({ ...agreed, askedAtNs: now, stockHeldAtNs, nowNs }, attempt),
        (contract) => (needsCharge(contract) ? undefined : paidWithoutCharge(contract, nowNs)),
        nowNs,
      );
    } catch (error) {
      return this.giveUp(error, operationId, requestId);
    }
  }

  /** Unit and money go back, but only when it is certain that there is no contract: a commit may have lost its answer. */
  private async giveUp(cause: unknown, operationId: string, requestId: string): Promise<Contract> {
    let written: Contract | undefined;
    try {
      written = await regardlessOfTime(() => this.store.findByOperation(operationId));
    } catch (error) {
      this.logger.warn({ error, holdId: operationId }, 'a hold is left to its end');
      throw cause;
    }
    if (written) return written;
    await this.holds.release(operationId, requestId);
    await this.funds.release(operationId, requestId);
    throw cause;
  }
}

/** For the repeat of a request whose charge was refused before it could be answered. */
const paymentFailed = ({ endReason }: Contract): Refusal =>
  endReason === 'INSUFFICIENT_BALANCE' || endReason === null
    ? new Refusal(
        'PAYMENT_REQUIRED',
        'INSUFFICIENT_BALANCE',
        `Insufficient wallet balance. Top up at ${PAGES.wallet}`,
      )
    : new Refusal('PRECONDITION', endReason, `The payment was refused. ${REASONS[endReason]}`);
