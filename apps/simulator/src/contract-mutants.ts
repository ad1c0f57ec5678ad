import { Refusal } from '@decent-cloud/kernel';
import { type FactPayload, type facts, requests } from '@decent-cloud/messages';
import type { Bus, ReactionContext } from '@decent-cloud/runtime';
import type { ContractStore, Decide } from '../../contracts/src/contract/contract.store.ts';
import type { Parts } from './parts.ts';
import { parts } from './parts.ts';
import { standIn } from './stand-in.ts';

type Contracts = Parts['contracts'];
const real = parts.contracts;
const LAST = 8;

/** Another id of the same form, a new one each time. */
function otherIds(): (id: string) => string {
  let count = 0;
  return (id) => id.slice(0, -LAST) + (++count).toString(16).padStart(LAST, '0');
}

/** The same store, for one that decides otherwise. */
function deciding(store: ContractStore, otherwise: (decide: Decide) => Decide): ContractStore {
  const changeIn: ContractStore['changeIn'] = (sql, contractId, decide, ...rest) =>
    store.changeIn(sql, contractId, otherwise(decide), ...rest);
  return Object.create(store, { changeIn: { value: changeIn } });
}

/** The same store, for one that looks only once. */
function seenOnce(store: ContractStore): ContractStore {
  let hasLooked = false;
  const findByOperation: ContractStore['findByOperation'] = async (operationId) => {
    if (hasLooked) return undefined;
    hasLooked = true;
    return store.findByOperation(operationId);
  };
  return Object.create(store, { findByOperation: { value: findByOperation } });
}

/** The number under which a rental is made is drawn anew on each attempt. */
export class RegeneratingOperations extends real.CreateContract {
  private readonly otherId = otherIds();

  override run(...[input, context]: Parameters<CreateContract['run']>): ReturnType<CreateContract['run']> {
    const { caller, requestId, now } = context;
    const operationId = this.otherId(context.operationId);
    return super.run(input, { caller, requestId, now, operationId });
  }
}
type CreateContract = InstanceType<Contracts['CreateContract']>;

/** After a lost answer the unit is given back without a look whether the contract was written. */
export class GivingUpBlindly extends real.CreateContract {
  private readonly given: ConstructorParameters<Contracts['CreateContract']>;

  constructor(...given: ConstructorParameters<Contracts['CreateContract']>) {
    super(...given);
    this.given = given;
  }

  override run(...asked: Parameters<CreateContract['run']>): ReturnType<CreateContract['run']> {
    const [bus, store, ...rest] = this.given;
    return new real.CreateContract(bus, seenOnce(store), ...rest).run(...asked);
  }
}

/** The number under which money is asked for is drawn anew on each attempt. */
export class RegeneratingCharges extends real.RentalPayment {
  constructor(bus: Bus, ...rest: Tail<ConstructorParameters<Contracts['RentalPayment']>>) {
    const otherId = otherIds();
    const ask: Bus['ask'] = (declaration, input, options) => {
      if (declaration.subject !== requests.chargeRental.subject) return bus.ask(declaration, input, options);
      const { body } = input as { body: { contractId: string } };
      const changed = { body: { ...body, contractId: otherId(body.contractId) } };
      return bus.ask(declaration, changed as never, options);
    };
    super(standIn<Bus, 'ask'>({ ask }), ...rest);
  }
}
type Tail<T extends readonly unknown[]> = T extends readonly [unknown, ...infer Rest] ? Rest : never;

/** A rental that ended while it was being paid is refused. */
export class RefusingTheEnded extends real.RentalPayment {
  override async charge(
    ...asked: Parameters<InstanceType<Contracts['RentalPayment']>['charge']>
  ): ReturnType<InstanceType<Contracts['RentalPayment']>['charge']> {
    const outcome = await super.charge(...asked);
    if (outcome.kind !== 'ended') return outcome;
    return { kind: 'refused', refusal: new Refusal('CONFLICT', 'TRANSITION_NOT_ALLOWED', 'it has ended') };
  }
}

/** Units are held before it is known whether they can be paid. */
export class ReservingNothing extends real.FundReservations {
  override async reserve(): Promise<void> {
    // Later, perhaps.
  }
}

export class SettlingNoDeadlines extends real.SettleDeadlines {
  override async sweep(): Promise<void> {
    // All in good time.
  }
}

export class ConfirmingNoPayments extends real.ConfirmPayments {
  override async sweep(): Promise<void> {
    // Somebody will say so.
  }
}

export class TellingThatAnotherIsBack extends real.OnMachineAvailabilityChanged {
  override react(
    { isAnother: _, ...fact }: FactPayload<typeof facts.machineAvailabilityChanged>,
    context: ReactionContext,
  ): Promise<void> {
    return super.react(fact, context);
  }
}

export class ChargingLostTime extends real.OnMachineAvailabilityChanged {
  constructor(store: ContractStore) {
    const paid = { machineDownSinceNs: null, machineDownNs: 0n };
    super(
      deciding(store, (decide) => (contract) => {
        const change = decide(contract);
        return change && { ...change, set: { ...change.set, ...paid } };
      }),
    );
  }
}

export class TellingOnlyOfTheFirst extends real.OnMachineProvisioned {
  constructor(store: ContractStore) {
    super(
      deciding(store, (decide) => (contract) => (contract.endsAtNs === null ? decide(contract) : undefined)),
    );
  }
}

/** A service with these parts in the place of the real ones. */
export const withParts =
  <S extends keyof Parts>(service: S, others: Partial<Parts[S]>) =>
  (known: Parts): Parts => ({ ...known, [service]: { ...known[service], ...others } });
