import { REASONS } from '@decent-cloud/kernel';
import type { WrittenStep } from '@decent-cloud/messages/contracts';
import { type ProcessStep, rentalProcess, type StepName } from '@decent-cloud/messages/process';
import type { Contract } from '../contract.ts';
import { verdictOn } from './blame.ts';
import { endOf, progress } from './progress.ts';
import { NOTHING_TO_PAY, textOfStep } from './texts.ts';
import { type Clock, later, secondsBetween } from './times.ts';
import { undosOf } from './undos-of.ts';

/**
 * How far a rental is: every step in its order, and after the end what is taken back. One step runs, or all are decided.
 * Times never go backwards, whatever the clocks of others say.
 */
export function stepsOf(contract: Contract, nowNs: bigint): readonly WrittenStep[] {
  const current = rentalProcess.find(({ name }) => progress[name](contract).is === 'open')?.name;
  const clock: Clock = { latestNs: contract.createdAtNs, isExact: true };
  let isBehind = false;
  const shown = rentalProcess.filter(({ name }) => progress[name](contract).is !== 'absent');
  const steps = shown.map((step): WrittenStep => {
    const is = progress[step.name](contract);
    if (is.is === 'not-needed') return { ...named(step), state: 'skipped', text: NOTHING_TO_PAY };
    isBehind ||= step.name === current;
    // Whatever somebody says of a later step, it has not come to that.
    if (step.name === 'restore-machine')
      clock.latestNs = later(clock.latestNs, contract.machineDownSinceNs ?? 0n);
    if (is.is === 'done' && !isBehind) return doneStep(step, is.atNs, contract, clock);
    return openStep(step, current ?? step.name, contract, clock, nowNs);
  });
  return [...steps, ...undosOf(contract, clock.latestNs, nowNs)];
}

function doneStep(step: ProcessStep, atNs: bigint | null, contract: Contract, clock: Clock): WrittenStep {
  const startedAtNs = clock.isExact ? clock.latestNs : undefined;
  if (atNs !== null) clock.latestNs = later(clock.latestNs, atNs);
  clock.isExact = atNs !== null;
  const finishedAtNs = atNs === null ? undefined : clock.latestNs;
  return {
    ...named(step),
    state: 'done',
    ...timesOf(startedAtNs, finishedAtNs, finishedAtNs),
    ...attemptsOf(step.name, contract),
    text: textOfStep(step.name, 'done', contract),
  };
}

function openStep(
  step: ProcessStep,
  current: StepName,
  contract: Contract,
  clock: Clock,
  nowNs: bigint,
): WrittenStep {
  const endNs = endOf(contract);
  const isCurrent = step.name === current;
  const startedAtNs = isCurrent && clock.isExact ? clock.latestNs : undefined;
  if (endNs === undefined) {
    const state = isCurrent ? 'running' : 'waiting';
    return {
      ...named(step),
      state,
      ...timesOf(startedAtNs, undefined, nowNs),
      ...(isCurrent && contract.deadlineAtNs !== null ? { dueAtNs: contract.deadlineAtNs } : {}),
      ...(isCurrent ? attemptsOf(step.name, contract) : {}),
      text: textOfStep(step.name, state, contract),
    };
  }
  const verdict = verdictOn(step.name, current, contract);
  if (!verdict) {
    return { ...named(step), state: 'skipped', text: textOfStep(step.name, 'skipped', contract) };
  }
  clock.latestNs = later(clock.latestNs, endNs);
  return {
    ...named(step),
    state: verdict.state,
    ...timesOf(startedAtNs, clock.latestNs, clock.latestNs),
    ...(isCurrent ? attemptsOf(step.name, contract) : {}),
    reason: verdict.reason,
    text: REASONS[verdict.reason] ?? verdict.reason,
  };
}

const named = ({ name, owner, expectedSeconds }: ProcessStep) => ({
  name,
  owner,
  ...(expectedSeconds === undefined ? {} : { expectedSeconds }),
});

function timesOf(startedAtNs: bigint | undefined, finishedAtNs: bigint | undefined, untilNs?: bigint) {
  return {
    ...(startedAtNs === undefined ? {} : { startedAtNs }),
    ...(finishedAtNs === undefined ? {} : { finishedAtNs }),
    ...(startedAtNs === undefined || untilNs === undefined
      ? {}
      : { actualSeconds: secondsBetween(startedAtNs, untilNs) }),
  };
}

function attemptsOf(name: StepName, { attempts, attemptStartedAtNs, agentAssignedAtNs }: Contract) {
  if (name !== 'make-machine' || attempts === 0) return {};
  const isAgain = attempts > 1 && attemptStartedAtNs !== null;
  return {
    attempts,
    ...(isAgain
      ? { attemptStartedAtNs: later(attemptStartedAtNs, agentAssignedAtNs ?? attemptStartedAtNs) }
      : {}),
  };
}
