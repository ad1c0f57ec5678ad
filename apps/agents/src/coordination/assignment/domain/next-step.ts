import { NS_PER_MS, secondsToNs } from '@decent-cloud/kernel';
import type { DesiredMachine } from '@decent-cloud/messages';
import type { ProvisioningFailure } from '@decent-cloud/messages/words';
import type { Attempt, Outcome } from './attempt.ts';
import type { AssignmentState, MachineState } from './decide-event.ts';
import { commandRepeatSeconds } from './retry-policy.ts';

/** How often the life of an agent that is at work is looked at. */
const WATCH_SECONDS = 15;

/** A setting in seconds, which may have a fraction. */
export const settingNs = (seconds: number): bigint => BigInt(Math.round(seconds * 1_000)) * NS_PER_MS;

export interface CoordinatorLimits {
  readonly AGENT_WAIT_SECONDS: number;
  readonly CLAIM_TIMEOUT_SECONDS: number;
  readonly COORDINATOR_EVERY_SECONDS: number;
  readonly REMOVAL_REPEAT_SECONDS: number;
}
interface Due {
  readonly state: AssignmentState;
  readonly deadlineNs: bigint;
}

/** What is to be done with a contract whose time has come. */
export type DueStep = 'assign' | 'forget' | 'replace-unclaimed' | 'time-out' | 'watch';

export function dueStep({ state, deadlineNs }: Due, hasMachine: boolean, now: bigint): DueStep {
  if (state === 'waiting') return 'assign';
  if (!hasMachine || (state !== 'offered' && state !== 'claimed')) return 'forget';
  if (state === 'offered') return 'replace-unclaimed';
  return now >= deadlineNs ? 'time-out' : 'watch';
}

/** The next look at an agent that is at work. */
export function watchAt({ deadlineNs }: Pick<Due, 'deadlineNs'>, now: bigint): bigint {
  const nextLook = now + secondsToNs(WATCH_SECONDS);
  return nextLook < deadlineNs ? nextLook : deadlineNs;
}

/** Nobody can take the contract now: it waits on, or has waited for too long. */
export function withoutAgent(
  assignment: { readonly waitingSinceNs: bigint | null },
  now: bigint,
  limits: CoordinatorLimits,
):
  | { readonly next: 'fail' }
  | {
      readonly next: 'wait';
      readonly change: {
        readonly state: 'waiting';
        readonly waitingSinceNs: bigint;
        readonly dueAtNs: bigint;
      };
    } {
  const waitingSinceNs = assignment.waitingSinceNs ?? now;
  if (now >= waitingSinceNs + settingNs(limits.AGENT_WAIT_SECONDS)) return { next: 'fail' };
  const dueAtNs = now + settingNs(limits.COORDINATOR_EVERY_SECONDS);
  return { next: 'wait', change: { state: 'waiting', waitingSinceNs, dueAtNs } };
}

const TRIED: readonly (Outcome | null)[] = ['transient', 'config', 'permanent'];

/** Why nobody makes the machine, for the tenant: agents that tried and failed were there. */
export function whyNobody(attempts: readonly Pick<Attempt, 'outcome'>[]): {
  readonly reason: Exclude<ProvisioningFailure, 'PROVISIONING_TIMEOUT'>;
  readonly message: string;
} {
  const failed = attempts.filter(({ outcome }) => TRIED.includes(outcome)).length;
  if (failed > 0) {
    const times = failed === 1 ? 'once' : `${failed} times`;
    const message = `making the machine has failed ${times}, and no agent of the provider can try it again`;
    return { reason: 'PROVISIONING_FAILED', message };
  }
  const isFull = attempts.some(({ outcome }) => outcome === 'capacity');
  const message = isFull
    ? 'no agent of the provider has room for the machine'
    : 'no agent of the provider took the contract in time';
  return { reason: 'NO_AGENT_AVAILABLE', message };
}

/** An agent gets the contract, with the next generation. */
export const offered = (
  assignment: { readonly generation: number },
  now: bigint,
  limits: CoordinatorLimits,
) =>
  ({
    state: 'offered',
    generation: assignment.generation + 1,
    retryAgent: null,
    waitingSinceNs: null,
    dueAtNs: now + settingNs(limits.CLAIM_TIMEOUT_SECONDS),
  }) as const;

/** The same agent is asked again, later. */
export const retriedLater = (agentPublicKey: string, afterSeconds: number, now: bigint) => {
  const dueAtNs = now + secondsToNs(afterSeconds);
  return { state: 'waiting', retryAgent: agentPublicKey, waitingSinceNs: dueAtNs, dueAtNs } as const;
};

/** An attempt is over. */
export function attemptClosed(outcome: Outcome, now: bigint) {
  const failed = !['unclaimed', 'silent', 'timeout'].includes(outcome);
  return { outcome, settledAtNs: now, ...(failed ? { state: 'failed' as const } : {}) };
}

/** From now on the machine is to be absent; its agent is told, the first time or again. */
export function removalCommanded(
  machine: {
    readonly desired: 'running' | 'absent';
    readonly state: MachineState;
    readonly commandsGiven: number;
  },
  now: bigint,
  limits: CoordinatorLimits,
) {
  const commands = machine.commandsGiven + 1;
  const waitSeconds = commandRepeatSeconds(commands, limits.REMOVAL_REPEAT_SECONDS);
  return {
    commandsGiven: commands,
    nextCommandAtNs: now + settingNs(waitSeconds),
    ...(machine.desired === 'absent' ? {} : { desired: 'absent' as const, absentSinceNs: now }),
    // It had been confirmed as gone and is there again.
    ...(machine.state === 'gone' ? { state: 'failed' as const } : {}),
  };
}

/** Is the command to remove it to be given again? */
export const isRemovalDue = (
  machine: {
    readonly desired: 'running' | 'absent';
    readonly state: MachineState;
    readonly nextCommandAtNs: bigint | null;
  },
  now: bigint,
): boolean =>
  machine.desired === 'absent' &&
  machine.state !== 'gone' &&
  machine.nextCommandAtNs !== null &&
  machine.nextCommandAtNs <= now;

/** What the agent is told of a machine that it is to make. */
export function desiredRunning(
  assignment: {
    readonly contractId: string;
    readonly deadlineNs: bigint;
    readonly spec: NonNullable<DesiredMachine['spec']>;
    readonly encryptionPublicKeys: string[];
    /** End of the paid time, once it is known. */
    readonly endsAtNs?: bigint | null;
  },
  generation: number,
  /** Where the contract's machine is reached: nobody else is to get this port. */
  sshPort?: number | null,
): DesiredMachine {
  const { endsAtNs } = assignment;
  return {
    contractId: assignment.contractId,
    generation,
    desired: 'running',
    ...(endsAtNs == null ? {} : { endsAtNs: endsAtNs.toString() }),
    ...(sshPort == null ? {} : { sshPort }),
    deadlineNs: assignment.deadlineNs.toString(),
    spec: assignment.spec,
    encryptionPublicKeys: assignment.encryptionPublicKeys,
  };
}

/** What the agent is told of a machine that it is to remove. */
export function desiredAbsent(
  { contractId, generation }: { readonly contractId: string; readonly generation: number },
  deadlineNs: bigint,
): DesiredMachine {
  return {
    contractId,
    generation,
    desired: 'absent',
    deadlineNs: deadlineNs.toString(),
    encryptionPublicKeys: [],
  };
}
