import type { Refusal } from '@decent-cloud/kernel';
import { type Advanced, advance, andThen, open } from '../src/contract/domain/advance.ts';
import type { Change, Contract } from '../src/contract/domain/contract.ts';
import {
  accept,
  cancel,
  charged,
  chargeRefused,
  deadlinePassed,
  paidWithoutCharge,
  refunded,
  reject,
  stockReleased,
} from '../src/contract/domain/decide.ts';
import {
  machineAssigned,
  machineProvisioned,
  machineRemoved,
  provisioningFailed,
  provisioningStarted,
} from '../src/contract/domain/machine.ts';
import { machineAvailabilityChanged, whenLost } from '../src/contract/domain/machine-availability.ts';
import { needsCharge } from '../src/contract/domain/new-contract.ts';
import type { Status } from '../src/contract/domain/status.ts';
import { AGENT_KEY, LIMITS, PROVIDER_KEY, sampleContract, T0, TENANT_KEY } from './sample-contract.ts';

/** What can happen to a rental, as a change at `now`; the word of others is stamped by their own clock, `at`. */
type Happening = (contract: Contract, now: bigint, at: bigint) => Change | undefined;

const by = (publicKey: string) => ({ publicKey, memo: undefined });
const machine = (contract: Contract, atNs: bigint, generation: number) => ({
  contractId: contract.contractId,
  generation,
  agentPublicKey: AGENT_KEY,
  atNs,
});
const instance = { externalId: 'x', provisionerType: 'local', sshPort: 22, sshUser: 'root' };
const attempts = [1, 2] as const;
const perAttempt = (name: string, happening: (generation: number) => Happening) =>
  attempts.map((generation): [string, Happening] => [`${name}-${generation}`, happening(generation)]);
const standing =
  (availability: 'up' | 'missing' | 'lost'): Happening =>
  (contract, now, at) =>
    machineAvailabilityChanged(
      contract,
      {
        ...machine(contract, at, Math.max(contract.machineGeneration, 1)),
        version: contract.availabilityVersion + 1,
        availability,
        sinceNs: contract.machineDownSinceNs ?? at,
        downNs: contract.machineDownNs,
      },
      now,
    );
/** Of one kind of rental, while nothing else is special about it: all of them would be too many ways. */
const mayGoMissing = (contract: Contract): boolean =>
  contract.status === 'active' &&
  contract.machineAvailability === 'up' &&
  contract.autoAccept &&
  contract.paymentMethod === 'wallet' &&
  contract.priceE9s > 0n &&
  contract.attempts === 1 &&
  contract.agentAssignedAtNs === null &&
  contract.pausedAtNs === null;
const failing = (reason: 'NO_AGENT_AVAILABLE' | 'PROVISIONING_FAILED' | 'PROVISIONING_TIMEOUT') =>
  ((contract, _now, at) =>
    provisioningFailed(contract, {
      ...machine(contract, at, Math.max(contract.machineGeneration, contract.attempts, 1)),
      reason,
      message: 'no',
    })) satisfies Happening;
/** Moves of the table that nothing makes yet. */
const move = (to: Status, set: Change['set'] = {}): Change => ({
  set,
  steps: [{ to, actor: 'system', changedBy: 'system' }],
});

export const happenings: Readonly<Record<string, Happening>> = {
  pending: () => move('pending'),
  charged: (contract, now) => charged(contract, { amountE9s: contract.priceE9s, currency: 'USD' }, now),
  'charge-refused': (contract) => chargeRefused(contract, 'INSUFFICIENT_BALANCE'),
  accept: () => accept(by(PROVIDER_KEY)),
  reject: () => reject(by(PROVIDER_KEY)),
  cancel: () => cancel(by(TENANT_KEY)),
  ...Object.fromEntries([
    ...perAttempt(
      'assigned',
      (generation) => (contract, _now, at) => machineAssigned(contract, machine(contract, at, generation)),
    ),
    ...perAttempt(
      'started',
      (generation) => (contract, _now, at) =>
        provisioningStarted(contract, machine(contract, at, generation)),
    ),
    ...perAttempt(
      'provisioned',
      (generation) => (contract, now, at) =>
        machineProvisioned(
          contract,
          { ...machine(contract, at, generation), instance, credentials: [] },
          now,
        ),
    ),
  ]),
  'no-agent': failing('NO_AGENT_AVAILABLE'),
  failed: failing('PROVISIONING_FAILED'),
  'too-late': failing('PROVISIONING_TIMEOUT'),
  pause: (_contract, now) => move('paused', { pausedAtNs: now }),
  activate: () => move('active', { pausedAtNs: null }),
  'unpause-to-provisioned': (contract) =>
    contract.status === 'paused' ? move('provisioned', { pausedAtNs: null }) : undefined,
  missing: (contract, now, at) =>
    mayGoMissing(contract) ? standing('missing')(contract, now, at) : undefined,
  lost: (contract, now, at) =>
    contract.machineAvailability === 'missing' ? standing('lost')(contract, now, at) : undefined,
  back: (contract, now, at) =>
    contract.machineAvailability === 'up' ? undefined : standing('up')(contract, now, at),
  'wants-again': (contract) =>
    contract.machineAvailability === 'missing' ? whenLost(contract, 'make-again') : undefined,
  removed: (contract, _now, at) =>
    machineRemoved(contract, machine(contract, at, Math.max(contract.machineGeneration, contract.attempts))),
  refunded: (contract, _now, at) =>
    (contract.refundDueE9s ?? 0n) > 0n
      ? refunded(contract, { amountE9s: contract.refundDueE9s ?? 0n, atNs: at })
      : undefined,
  'stock-released': (contract, _now, at) =>
    stockReleased(contract, { holdId: contract.operationId, atNs: at }),
  'term-over': (contract) =>
    contract.endsAtNs === null ? undefined : deadlinePassed(contract, contract.endsAtNs),
  deadline: (contract) => deadlinePassed(contract, contract.deadlineAtNs ?? 0n),
};

export interface Birth {
  readonly autoAccept: boolean;
  readonly kind: 'wallet' | 'test' | 'free';
}
export const births: readonly Birth[] = [true, false].flatMap((autoAccept) =>
  (['wallet', 'test', 'free'] as const).map((kind) => ({ autoAccept, kind })),
);

export function born({ autoAccept, kind }: Birth): Advanced {
  const contract = sampleContract('requested', {
    version: 1,
    autoAccept,
    ...(kind === 'test' ? { paymentMethod: 'test' } : {}),
    ...(kind === 'free' ? { priceE9s: 0n } : {}),
  });
  const opened = open(contract, LIMITS);
  return needsCharge(contract) ? opened : andThen(opened, paidWithoutCharge(opened.contract, T0), T0, LIMITS);
}

export interface Edge {
  readonly path: readonly string[];
  readonly now: bigint;
  readonly advanced: Advanced;
}

/** No step depends on them, and on some of them there is no end. */
const OF_NO_CONCERN: readonly string[] = [
  'version',
  'statusUpdatedBy',
  'machineSpec',
  'earnedE9s',
  'availabilityVersion',
  'instanceAtNs',
  'refundAmountE9s',
];

/** What makes two contracts the same as far as their steps go: all but the times, which are set or not. */
const shapeOf = (contract: Contract): string =>
  Object.entries(contract)
    .filter(([member]) => !OF_NO_CONCERN.includes(member))
    .map(([member, value]) =>
      typeof value === 'bigint' && member.endsWith('Ns') ? `${member}=set` : `${member}=${String(value)}`,
    )
    .join();

/**
 * Goes every way that a rental can take: in every shape that it can have, everything happens. The clocks of others are
 * off by `skewNs`.
 */
export function* allLives(birth: Birth, skewNs: bigint): Generator<Edge> {
  const first = born(birth);
  yield { path: [], now: T0, advanced: first };
  const queue: Edge[] = [{ path: [], now: T0, advanced: first }];
  const seen = new Set<string>([shapeOf(first.contract)]);
  for (let from = queue.shift(); from; from = queue.shift()) {
    for (const [name, happening] of Object.entries(happenings)) {
      const now = from.now + 1_000_000_000n;
      let advanced: Advanced;
      try {
        const change = happening(from.advanced.contract, now, now + skewNs);
        if (!change) continue;
        advanced = advance(from.advanced.contract, change, now, LIMITS);
      } catch (error) {
        if ((error as Refusal).reason === 'TRANSITION_NOT_ALLOWED') continue;
        throw error;
      }
      const edge = { path: [...from.path, name], now, advanced };
      yield edge;
      const shape = shapeOf(advanced.contract);
      if (seen.has(shape)) continue;
      seen.add(shape);
      queue.push(edge);
    }
  }
}
