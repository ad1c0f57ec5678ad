import { Refusal } from '@decent-cloud/kernel';
import { cancelContract, createContract, respondToRequest } from '@decent-cloud/messages/contracts';
import type { Contract } from '../../contracts/src/contract/domain/contract.ts';
import type { Contracts } from './contracts.ts';
import { type Kernel, MINUTE, MS, type Process, SECOND, type Us } from './kernel.ts';

/** What one tenant wants, and what they were told. */
export interface Life {
  readonly id: string;
  readonly tenant: string;
  readonly offeringDbId: bigint;
  readonly hours: number;
  readonly paymentMethod: 'wallet' | 'test';
  readonly at: Us;
  readonly whenMachineLost: 'end' | 'make-again';
  readonly changeOfMind: ChangeOfMind | undefined;
  created: Told<string>;
  cancelled: Told<string>;
}
/** A tenant cancels so long after the yes, or after the contract is in their list: it may still wait for its money. */
export interface ChangeOfMind {
  readonly since: 'told' | 'seen';
  readonly after: Us;
}
export type Told<T> =
  | { readonly kind: 'not-asked' | 'unknown' }
  | { readonly kind: 'ok'; readonly answer: T }
  | { readonly kind: 'refused'; readonly reason: string };

const ATTEMPTS = 15;
export const SSH_KEY =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4 alice';

/** Tenants who rent and change their minds, and providers who answer, late or never. */
export class People {
  /** Yes or no, as the provider of a contract said it. */
  readonly answered = new Map<string, boolean>();
  readonly cancelAsked = new Set<string>();
  /** By memo: those who cancel what they see before they are told of it. */
  private readonly impatient = new Map<string, Life>();

  constructor(
    private readonly kernel: Kernel,
    private readonly contracts: Contracts,
  ) {
    contracts.onCreated = (contract) => {
      this.kernel.launch(undefined, 'provider', this.provide(contract));
      this.see(contract);
    };
  }

  *rent(life: Life): Process {
    const { contracts, kernel } = this;
    yield life.at;
    if (life.changeOfMind?.since === 'seen') this.impatient.set(life.id, life);
    const request = {
      offeringDbId: life.offeringDbId,
      sshPublicKey: SSH_KEY,
      paymentMethod: life.paymentMethod,
      durationHours: life.hours,
      contact: undefined,
      memo: life.id,
      buyerAddress: null,
      operatingSystem: null,
      expected: { amountE9s: undefined, currency: undefined },
      whenMachineLost: life.whenMachineLost,
    };
    const key = kernel.random.uuid();
    life.created = yield* this.persist(createContract.subject, function* () {
      return (yield* contracts.create(life.tenant, request, key)).contractId;
    });
    const { created, changeOfMind } = life;
    if (created.kind === 'ok' && changeOfMind?.since === 'told') {
      yield* this.cancel(life, created.answer, changeOfMind.after);
    }
  }

  private see({ contractId, requestMemo }: Contract): void {
    const life = this.impatient.get(requestMemo);
    if (!life?.changeOfMind) return;
    this.impatient.delete(requestMemo);
    this.kernel.launch(undefined, 'tenant', this.cancel(life, contractId, life.changeOfMind.after));
  }

  private *cancel(life: Life, contractId: string, after: Us): Process {
    const { contracts, kernel } = this;
    yield after;
    const key = kernel.random.uuid();
    this.cancelAsked.add(contractId);
    life.cancelled = yield* this.persist(cancelContract.subject, () =>
      contracts.cancel(life.tenant, contractId, key),
    );
  }

  private *provide({ contractId, autoAccept, providerPublicKey }: Contract): Process {
    const { random } = this.kernel;
    if (autoAccept || random.chance(0.15)) return;
    const accepts = random.chance(0.85);
    const isLate = random.chance(0.2);
    yield isLate ? random.int(5 * MINUTE, 20 * MINUTE) : random.int(SECOND, 2 * MINUTE);
    const key = random.uuid();
    this.answered.set(contractId, accepts);
    yield* this.persist(respondToRequest.subject, () =>
      this.contracts.respond(providerPublicKey, contractId, accepts, key),
    );
  }

  /** Asks again, under the same key, until there is an answer or patience ends. */
  private *persist<T>(subject: string, verb: () => Process<T>): Process<Told<T>> {
    const { random } = this.kernel;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        return { kind: 'ok', answer: yield* this.contracts.ask('people', subject, verb) };
      } catch (error) {
        if (!(error instanceof Refusal)) return { kind: 'unknown' };
        const isOpen = error.code === 'UNAVAILABLE' || error.reason === 'IDEMPOTENCY_KEY_IN_FLIGHT';
        if (!isOpen) return { kind: 'refused', reason: error.reason };
      }
      yield random.int(500 * MS, 30 * SECOND);
    }
    return { kind: 'unknown' };
  }
}
