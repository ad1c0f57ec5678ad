import { printExactJson } from '@decent-cloud/kernel';
import { facts } from '@decent-cloud/messages';
import type { Advanced } from '../advance.ts';
import { type OutgoingFact, outgoing, partiesOf } from '../facts.ts';
import { stepsOf } from './steps-of.ts';

/** What both parties are to hear of the steps: once for each change after which they see something else. */
export function stepsChanged({ before, contract }: Advanced, nowNs: bigint): readonly OutgoingFact[] {
  const steps = [...stepsOf(contract, nowNs)];
  const isSame =
    before !== null &&
    before.status === contract.status &&
    printExactJson(stepsOf(before, nowNs)) === printExactJson(steps);
  if (isSame) return [];
  const { contractId, status } = contract;
  return [
    outgoing(facts.contractStepsChanged, { contractId, status, atNs: nowNs, steps, ...partiesOf(contract) }),
  ];
}

/** A change with all that is published about it. */
export const withSteps = (advanced: Advanced, nowNs: bigint): Advanced => ({
  ...advanced,
  facts: [...advanced.facts, ...stepsChanged(advanced, nowNs)],
});
