import type { Refusal } from '@decent-cloud/kernel';
import fc from 'fast-check';
import {
  AGENT_KEY,
  LIMITS,
  PROVIDER_KEY,
  sampleContract,
  T0,
  TENANT_KEY,
} from '../../../test/sample-contract.ts';
import { type Advanced, advance, open } from './advance.ts';
import type { Change, Contract } from './contract.ts';
import { accept, cancel, charged, chargeRefused, deadlinePassed, refunded, reject } from './decide.ts';
import { machineProvisioned, machineRemoved, provisioningFailed, provisioningStarted } from './machine.ts';
import { isFinal, lifecycle } from './status.ts';

/* Whole lives, drawn at random: anything may happen at any time, twice, late and out of order. */

const PRICE = 10_000_000_000n;
type Happening = (contract: Contract, now: bigint, generation: number) => Change | undefined;
const fact = (contract: Contract, now: bigint, generation: number) => ({
  contractId: contract.contractId,
  generation,
  agentPublicKey: AGENT_KEY,
  atNs: now,
});
const happenings: Record<string, Happening> = {
  charged: (contract, now) => charged(contract, { amountE9s: PRICE, currency: 'USD' }, now),
  chargeRefused: (contract) => chargeRefused(contract, 'INSUFFICIENT_BALANCE'),
  accept: () => accept({ publicKey: PROVIDER_KEY, memo: undefined }),
  reject: () => reject({ publicKey: PROVIDER_KEY, memo: undefined }),
  cancel: () => cancel({ publicKey: TENANT_KEY, memo: undefined }),
  started: (contract, now, generation) => provisioningStarted(contract, fact(contract, now, generation)),
  provisioned: (contract, now, generation) =>
    machineProvisioned(
      contract,
      {
        ...fact(contract, now, generation),
        instance: { externalId: 'x', provisionerType: 'local', sshPort: 22, sshUser: 'root' },
        credentials: [],
      },
      now,
    ),
  failed: (contract, now, generation) =>
    provisioningFailed(contract, {
      ...fact(contract, now, generation),
      reason: 'PROVISIONING_FAILED',
      message: 'no',
    }),
  removed: (contract, now, generation) => machineRemoved(contract, fact(contract, now, generation)),
  refunded: (contract, now) => refunded(contract, { amountE9s: contract.refundDueE9s ?? 0n, atNs: now }),
  clock: (contract, now) => deadlinePassed(contract, now),
};

const life = fc.record({
  autoAccept: fc.boolean(),
  happenings: fc.array(
    fc.record({
      what: fc.constantFrom(...Object.keys(happenings)),
      afterSeconds: fc.integer({ min: 0, max: 40_000 }),
      generation: fc.integer({ min: 1, max: 3 }),
    }),
    { maxLength: 20 },
  ),
});

const endsIn = (advanced: Advanced) =>
  advanced.facts.filter(({ declaration }) => declaration.subject.endsWith('contract-ended'));

it('any life is explained by its history, ends once, and every unit of money is accounted for', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(life, (drawn) => {
      const born = open(sampleContract('requested', { version: 1, autoAccept: drawn.autoAccept }), LIMITS);
      let contract = born.contract;
      const moves = [...born.history];
      let ends = 0;
      let now = T0;
      for (const { what, afterSeconds, generation } of drawn.happenings) {
        now += BigInt(afterSeconds) * 1_000_000_000n;
        const before = contract;
        let advanced: Advanced;
        try {
          const change = happenings[what]?.(contract, now, generation);
          if (!change) continue;
          advanced = advance(contract, change, now, LIMITS);
        } catch (error) {
          expect((error as Refusal).reason).toBe('TRANSITION_NOT_ALLOWED');
          continue;
        }
        contract = advanced.contract;
        moves.push(...advanced.history);
        ends += endsIn(advanced).length;
        if (isFinal(before.status)) expect(contract.status).toBe(before.status);
        expect(contract.deadlineAtNs === null).toBe(isFinal(contract.status));
        if (isFinal(contract.status)) {
          expect((contract.refundDueE9s ?? -1n) + (contract.earnedE9s ?? -1n)).toBe(contract.paidE9s);
          if (contract.provisioningCompletedAtNs === null) expect(contract.earnedE9s).toBe(0n);
        } else expect(contract.refundDueE9s).toBeNull();
        expect(contract.machineGeneration >= before.machineGeneration).toBe(true);
      }
      expect(ends).toBe(isFinal(contract.status) ? 1 : 0);
      moves.forEach((move, index) => {
        expect(move.version).toBe(index + 1);
        expect(move.oldStatus).toBe(moves[index - 1]?.newStatus ?? null);
        if (move.oldStatus !== null) expect(lifecycle.canMove(move.oldStatus, move.newStatus)).toBe(true);
      });
      expect(contract.version).toBe(moves.length);
      expect(moves.at(-1)?.newStatus).toBe(contract.status);
      seen.add(contract.status);
    }),
    { numRuns: 5_000, seed: 20_261_124 },
  );
  // The draw was no empty one: every end, and machines in use, did occur.
  expect([...seen]).toEqual(expect.arrayContaining([...lifecycle.finals, 'active', 'provisioned']));
});
