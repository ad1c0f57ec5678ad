import { Refusal } from '@decent-cloud/kernel';
import type { Answer, CallInput, RequestDeclaration } from '@decent-cloud/messages';
import { cancelContract, createContract, respondToRequest } from '@decent-cloud/messages/contracts';
import type { Contract } from '../../contracts/src/contract/domain/contract.ts';
import type { Accounts } from './accounts.ts';
import { Bus, type Network } from './bus.ts';
import type { ContractsInMemory } from './contracts-in-memory.ts';
import { awaited, type Kernel, MINUTE, MS, type Process, SECOND, type Us } from './kernel.ts';

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
// Of a kind that is checked fast.
export const SSH_KEY =
  'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBLm/3oSOHJux3NBLJT6D2LFWxGeAWLeZDf/kTNVrj5PWp+T1mqstPQDZq6st6jqnlQlOaP4MPMqdMOeR9Nipnuc= alice';

/** Tenants who rent and change their minds, and providers who answer, late or never. */
export class People {
  /** Yes or no, as the provider of a contract said it. */
  readonly answered = new Map<string, boolean>();
  readonly cancelAsked = new Set<string>();
  /** By memo: those who cancel what they see before they are told of it. */
  private readonly impatient = new Map<string, Life>();
  private readonly gateway: Bus;

  constructor(
    private readonly kernel: Kernel,
    private readonly accounts: Accounts,
    store: ContractsInMemory,
    network: Network,
  ) {
    this.gateway = new Bus(network, 'gateway', undefined);
    store.onCreated = (contract) => {
      this.kernel.launch(undefined, 'provider', this.provide(contract));
      this.see(contract);
    };
  }

  *rent(life: Life): Process {
    yield life.at;
    if (life.changeOfMind?.since === 'seen') this.impatient.set(life.id, life);
    const body = {
      offering_db_id: life.offeringDbId,
      ssh_pubkey: SSH_KEY,
      payment_method: life.paymentMethod,
      duration_hours: life.hours,
      request_memo: life.id,
      when_machine_lost: life.whenMachineLost,
    };
    const created = yield* this.persist(life.tenant, createContract, { body });
    life.created = created.kind === 'ok' ? { kind: 'ok', answer: created.answer.contractId } : created;
    const { changeOfMind } = life;
    if (life.created.kind === 'ok' && changeOfMind?.since === 'told') {
      yield* this.cancel(life, life.created.answer, changeOfMind.after);
    }
  }

  private see({ contractId, requestMemo }: Contract): void {
    const life = this.impatient.get(requestMemo);
    if (!life?.changeOfMind) return;
    this.impatient.delete(requestMemo);
    this.kernel.launch(undefined, 'tenant', this.cancel(life, contractId, life.changeOfMind.after));
  }

  private *cancel(life: Life, contractId: string, after: Us): Process {
    yield after;
    this.cancelAsked.add(contractId);
    const input = { params: { id: contractId }, body: {} };
    life.cancelled = yield* this.persist(life.tenant, cancelContract, input);
  }

  private *provide({ contractId, autoAccept, providerPublicKey }: Contract): Process {
    const { random } = this.kernel;
    if (autoAccept || random.chance(0.15)) return;
    const accepts = random.chance(0.85);
    const isLate = random.chance(0.2);
    yield isLate ? random.int(5 * MINUTE, 20 * MINUTE) : random.int(SECOND, 2 * MINUTE);
    this.answered.set(contractId, accepts);
    const input = { params: { id: contractId }, body: { accept: accepts } };
    yield* this.persist(providerPublicKey, respondToRequest, input);
  }

  /** Asks again, under the same key, until there is an answer or patience ends. */
  private *persist<const D extends RequestDeclaration>(
    publicKey: string,
    declaration: D,
    input: CallInput<D>,
  ): Process<Told<Answer<D>>> {
    const { random } = this.kernel;
    const key = random.uuid();
    const accountId = this.accounts.people.get(publicKey)?.accountId as string;
    const caller = { kind: 'user', publicKey, accountId } as const;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        const answer = yield* awaited(this.gateway.askAs(caller, declaration, input, key));
        return { kind: 'ok', answer };
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
