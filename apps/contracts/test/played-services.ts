import { Refusal } from '@decent-cloud/kernel';
import { requests } from '@decent-cloud/messages';
import { answerRequests, NO_ANSWER } from '@decent-cloud/testing';
import type { NatsConnection } from '@nats-io/transport-node';
import {
  PROVIDER_ACCOUNT,
  PROVIDER_KEY,
  TENANT_ACCOUNT,
  TENANT_KEY,
  TENANT_OTHER_KEY,
} from './sample-contract.ts';

export const MONTHLY_E9S = 7_200_000_000n;
const PLENTY_E9S = 10n ** 15n;

const tooPoor = () => new Refusal('PAYMENT_REQUIRED', 'INSUFFICIENT_BALANCE', 'Insufficient wallet balance');

/** Accounts, offerings and payments with their own books, as the contracts service meets them. */
export class PlayedServices {
  readonly holds = new Map<string, { untilNs: bigint }>();
  /** Money that is set aside, by operation. */
  readonly reservations = new Map<string, bigint>();
  readonly charges = new Map<string, bigint>();
  monthlyE9s = MONTHLY_E9S;
  /** What happens between the quote and the hold. */
  beforeHold: () => unknown = () => undefined;
  chargeRequests = 0;
  /** What happens before the books look at the charge that they are asked for. */
  beforeCharge: (contractId: string) => Promise<unknown> = async () => undefined;
  /** Ended before they were charged, as the books know it. */
  readonly voids = new Set<string>();
  balanceE9s = PLENTY_E9S;
  autoAccept = true;
  stock = 1_000;
  /** Every hold was given back before it is asked for again. */
  holdIsOver = false;
  emailVerified = true;
  /** As the quote tells it. */
  providerAccountId: string | undefined = PROVIDER_ACCOUNT;
  /** What accounts were asked, by the last word of its subject. */
  readonly askedOfAccounts: string[] = [];
  /** Whose account whoever asks for a quote or a hold says it is. */
  readonly renterAccounts: (string | undefined)[] = [];
  /** `lost`: it is charged, but nobody hears of it. `fails`: nothing happens. */
  payments: 'answers' | 'lost' | 'fails' = 'answers';
  releases: 'answers' | 'fails' = 'answers';
  /** Of everybody who asks for a hold: what they had set aside then. */
  readonly reservedAtHold: (bigint | undefined)[] = [];
  /** What kind of machine the offering names. */
  provisionerType: string | undefined;
  /** As the quote tells them; undefined: not told. */
  machineTypes: readonly string[] | undefined;

  /** Everybody has what is asked for, and answers. Money and stock that were taken stay taken. */
  protected answerWell(): void {
    this.payments = 'answers';
    this.releases = 'answers';
    this.autoAccept = true;
    this.emailVerified = true;
    this.balanceE9s = PLENTY_E9S;
    this.stock = 1_000;
    this.monthlyE9s = MONTHLY_E9S;
    this.reservations.clear();
    this.beforeHold = () => undefined;
    this.beforeCharge = async () => undefined;
  }

  private availableE9s(ownReservation: string | undefined): bigint {
    let availableE9s = this.balanceE9s;
    for (const [id, amountE9s] of this.reservations) if (id !== ownReservation) availableE9s -= amountE9s;
    return availableE9s;
  }

  /** Answers at this connection, as all three. */
  protected play(connection: NatsConnection): void {
    answerRequests(connection, requests.ensureAccount, ({ body }) => {
      this.askedOfAccounts.push('ensure-account');
      const own = body.publicKey === PROVIDER_KEY;
      return {
        accountId: own ? PROVIDER_ACCOUNT : TENANT_ACCOUNT,
        username: own ? 'bob' : 'alice',
        email: 'alice@example.com',
        emailVerified: this.emailVerified,
        activePublicKeys: own ? [PROVIDER_KEY] : [TENANT_KEY, TENANT_OTHER_KEY],
        created: false,
      };
    });
    answerRequests(connection, requests.resolveKey, () => {
      this.askedOfAccounts.push('resolve-key');
      return { status: 'active' as const, accountId: PROVIDER_ACCOUNT };
    });
    answerRequests(connection, requests.namesOfKeys, () => ({
      names: { [TENANT_KEY]: 'alice', [PROVIDER_KEY]: 'bob' },
    }));
    const termsFor = ({ holdId, offeringDbId }: { holdId: string; offeringDbId: bigint }) => {
      if (this.holdIsOver) {
        throw new Refusal('CONFLICT', 'TRANSITION_NOT_ALLOWED', 'This hold was given back already');
      }
      if (!this.holds.has(holdId) && this.holds.size >= this.stock) {
        throw new Refusal('CONFLICT', 'OUT_OF_STOCK', 'Offering is out of stock');
      }
      return {
        offeringDbId,
        offeringId: 'small-vps',
        offerName: 'Small VPS',
        providerPublicKey: PROVIDER_KEY,
        currency: 'USD',
        monthlyPriceE9s: this.monthlyE9s,
        autoAccept: this.autoAccept,
        datacenterCountry: 'DE',
        cpuCores: 2,
        operatingSystems: 'Ubuntu 24.04, Debian 12',
        memoryMb: 2_048,
        ...(this.provisionerType !== undefined && { provisionerType: this.provisionerType }),
      };
    };
    answerRequests(connection, requests.quoteRental, ({ body }) => {
      this.renterAccounts.push(body.renterAccountId);
      return {
        ...termsFor(body),
        ...(this.machineTypes && { machineTypes: [...this.machineTypes] }),
        ...(this.providerAccountId !== undefined && { providerAccountId: this.providerAccountId }),
      };
    });
    answerRequests(connection, requests.holdStock, ({ body }) => {
      this.renterAccounts.push(body.renterAccountId);
      this.beforeHold();
      const terms = termsFor(body);
      this.holds.set(body.holdId, { untilNs: body.untilNs });
      this.reservedAtHold.push(this.reservations.get(body.holdId));
      return terms;
    });
    answerRequests(connection, requests.releaseStock, ({ body }) => {
      if (this.releases === 'fails') throw new Error('offerings is broken');
      return { released: this.holds.delete(body.holdId) };
    });
    answerRequests(connection, requests.reserveFunds, ({ body }) => {
      if (body.amountE9s > this.availableE9s(body.reservationId)) throw tooPoor();
      this.reservations.set(body.reservationId, body.amountE9s);
      return { reservedE9s: body.amountE9s };
    });
    answerRequests(connection, requests.releaseFunds, ({ body }) => {
      if (this.releases === 'fails') throw new Error('payments is broken');
      return { released: this.reservations.delete(body.reservationId) };
    });
    answerRequests(connection, requests.chargeRental, async ({ body }) => {
      this.chargeRequests++;
      await this.beforeCharge(body.contractId);
      if (this.voids.has(body.contractId)) {
        throw new Refusal('CONFLICT', 'TRANSITION_NOT_ALLOWED', 'This rental ended before it was paid');
      }
      if (this.payments === 'fails') throw new Error('payments is broken');
      if (!this.charges.has(body.contractId)) {
        if (body.amountE9s > this.availableE9s(body.reservationId)) throw tooPoor();
        this.reservations.delete(body.reservationId ?? '');
        this.balanceE9s -= body.amountE9s;
        this.charges.set(body.contractId, body.amountE9s);
      }
      if (this.payments === 'lost') return NO_ANSWER;
      return { chargedE9s: body.amountE9s, balanceE9s: this.balanceE9s };
    });
    answerRequests(connection, requests.rentalPayments, ({ body }) => ({
      payments: body.contractIds
        .filter((contractId) => this.charges.has(contractId))
        .map((contractId) => ({
          contractId,
          chargedE9s: this.charges.get(contractId) as bigint,
          refundedE9s: 0n,
          settled: false,
        })),
    }));
  }
}
