import { Refusal } from '@decent-cloud/kernel';
import type { FactPayload, facts } from '@decent-cloud/messages';
import type { ContractEventType, MachineAvailability } from '@decent-cloud/messages/words';
import type { Change, Contract } from './contract.ts';
import { isFinal } from './status.ts';

type AvailabilityFact = FactPayload<typeof facts.machineAvailabilityChanged>;

const bySystem = { actor: 'system', changedBy: 'system' } as const;

const EVENT_OF = {
  stopped: 'machine_stopped',
  missing: 'machine_missing',
  lost: 'machine_lost',
} as const satisfies Record<Exclude<MachineAvailability, 'up'>, ContractEventType>;

/**
 * The machine does not run any more, or does again. A lost one is made again if the tenant wants that and there is paid
 * time left; otherwise the rental ends, and the time without a machine is not paid for.
 */
export function machineAvailabilityChanged(
  contract: Contract,
  fact: AvailabilityFact,
  nowNs: bigint,
): Change | undefined {
  const { availability, version, sinceNs, downNs } = fact;
  if (isFinal(contract.status) || version <= contract.availabilityVersion) return undefined;
  const set: Change['set'] = {
    machineAvailability: availability,
    availabilityVersion: version,
    machineDownSinceNs: availability === 'up' ? null : sinceNs,
    machineDownNs: downNs,
  };
  // What is handed over later is judged by its deadline.
  if (contract.endsAtNs === null) return { set };
  if (availability === 'up') return runsAgain(contract, fact, set);
  const events = [{ eventType: EVENT_OF[availability], actor: 'provider' }] as const;
  if (availability !== 'lost') return { set, events, machineChange: availability };
  const makesAgain = contract.whenMachineLost === 'make-again' && contract.endsAtNs > nowNs;
  if (makesAgain) return { set: { ...set, machineWantedAgainAtNs: nowNs }, events, machineChange: 'lost' };
  return { set, events, steps: [{ to: 'cancelled', ...bySystem, reason: 'MACHINE_LOST' }] };
}

/** What another machine is to people is said where it is handed over: its address may come before this word, or after it. */
function runsAgain(
  contract: Contract,
  { isAnother, atNs }: AvailabilityFact,
  set: NonNullable<Change['set']>,
): Change {
  const here = { ...set, machineWantedAgainAtNs: null };
  if (!isAnother) {
    return { set: here, events: [{ eventType: 'machine_back', actor: 'provider' }], machineChange: 'back' };
  }
  const isHandedOver = contract.instanceAtNs !== null && contract.instanceAtNs >= atNs;
  if (!isHandedOver) return { set };
  if (contract.machineWantedAgainAtNs === null) return { set: here };
  return {
    set: here,
    events: [{ eventType: 'machine_made_again', actor: 'provider' }],
    machineChange: 'made-again',
  };
}

/** The tenant's setting: what is to become of the rental when its machine is lost. @throws Refusal after the end */
export function whenLost(
  contract: Contract,
  whenMachineLost: Contract['whenMachineLost'],
): Change | undefined {
  if (isFinal(contract.status)) {
    throw new Refusal(
      'CONFLICT',
      'TRANSITION_NOT_ALLOWED',
      `The contract is ${contract.status}: there is no machine that could be lost`,
    );
  }
  return contract.whenMachineLost === whenMachineLost ? undefined : { set: { whenMachineLost } };
}
