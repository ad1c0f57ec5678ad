import type { WrittenStep } from '@decent-cloud/messages/contracts';
import { type ProcessStep, rentalProcess, type UndoName } from '@decent-cloud/messages/process';
import type { Contract } from '../contract.ts';
import { endOf, wasAssigned } from './progress.ts';
import { NOTHING_DUE, textOfUndo } from './texts.ts';
import { later, secondsBetween } from './times.ts';

/** What has to be taken back after an end. */
type Due =
  /** Nothing was done that could be taken back. */
  | { readonly is: 'none' }
  | { readonly is: 'nothing' }
  | { readonly is: 'undoing'; readonly sinceNs?: bigint | undefined }
  | { readonly is: 'undone'; readonly atNs: bigint | null; readonly sinceNs?: bigint | undefined };

const due: Readonly<Record<UndoName, (contract: Contract) => Due>> = {
  'release-stock': ({ stockReleasedAtNs, stockHeldAtNs }) => {
    if (stockReleasedAtNs !== null) return { is: 'undone', atNs: stockReleasedAtNs };
    // Made before anybody told when units went back.
    return stockHeldAtNs === null ? { is: 'undone', atNs: null } : { is: 'undoing' };
  },
  refund: ({ paidE9s, paidAtNs, refundDueE9s, refundCreatedAtNs }) => {
    const sinceNs = paidAtNs ?? undefined;
    if (refundCreatedAtNs !== null) return { is: 'undone', atNs: refundCreatedAtNs, sinceNs };
    if (paidE9s === 0n) return { is: 'none' };
    return refundDueE9s === 0n ? { is: 'nothing' } : { is: 'undoing', sinceNs };
  },
  'remove-machine': (contract) => {
    if (!wasAssigned(contract)) return { is: 'none' };
    const { terminatedAtNs, agentAssignedAtNs } = contract;
    const sinceNs = agentAssignedAtNs ?? undefined;
    return terminatedAtNs === null
      ? { is: 'undoing', sinceNs }
      : { is: 'undone', atNs: terminatedAtNs, sinceNs };
  },
};

/** What is taken back once a rental has ended; nothing before. */
export function undosOf(contract: Contract, latestNs: bigint, nowNs: bigint): readonly WrittenStep[] {
  const endNs = endOf(contract);
  if (endNs === undefined) return [];
  return rentalProcess.flatMap((step) => {
    const undo = undoOf(step, contract, later(latestNs, endNs), nowNs);
    return undo ? [undo] : [];
  });
}

function undoOf(
  step: ProcessStep,
  contract: Contract,
  endNs: bigint,
  nowNs: bigint,
): WrittenStep | undefined {
  if (!step.undo) return undefined;
  const { name, expectedSeconds } = step.undo;
  const is = due[name](contract);
  if (is.is === 'none') return undefined;
  const named = { name, owner: step.owner, undoes: step.name, expectedSeconds };
  if (is.is === 'nothing') return { ...named, state: 'skipped', text: NOTHING_DUE };
  const startedAtNs = later(endNs, is.sinceNs ?? endNs);
  const text = textOfUndo(name, is.is, contract);
  if (is.is === 'undoing') {
    return {
      ...named,
      state: 'undoing',
      startedAtNs,
      actualSeconds: secondsBetween(startedAtNs, nowNs),
      text,
    };
  }
  if (is.atNs === null) return { ...named, state: 'undone', text };
  const finishedAtNs = later(startedAtNs, is.atNs);
  return {
    ...named,
    state: 'undone',
    startedAtNs,
    finishedAtNs,
    actualSeconds: secondsBetween(startedAtNs, finishedAtNs),
    text,
  };
}
