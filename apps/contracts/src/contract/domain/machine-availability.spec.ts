import { HOUR, LIMITS, sampleContract, T0 } from '../../../test/sample-contract.ts';
import { does, fact, failure, machine, NOW } from '../../../test/sample-machine.ts';
import { advance } from './advance.ts';
import type { Change, Contract } from './contract.ts';
import { machineProvisioned, provisioningFailed } from './machine.ts';
import { machineAvailabilityChanged } from './machine-availability.ts';
import { isFinal, lifecycle } from './status.ts';

describe('a machine that is paid for', () => {
  const running = (changes: Partial<Contract> = {}) => sampleContract('active', changes);
  const stands = (
    contract: Contract,
    availability: 'up' | 'stopped' | 'missing' | 'lost',
    version: number,
    more: { sinceNs?: bigint; downNs?: bigint; generation?: number; isAnother?: boolean } = {},
  ) =>
    machineAvailabilityChanged(
      contract,
      { ...fact(contract), version, availability, sinceNs: NOW, downNs: 0n, ...more },
      NOW,
    );
  const saidOf = ({ facts }: ReturnType<typeof advance>) =>
    facts.map(({ declaration }) => declaration.subject.split('.').at(-1));

  it('and does not run is told to both sides, with the time since when nothing is charged', () => {
    const contract = running();
    const done = does(contract, stands(contract, 'missing', 1, { sinceNs: NOW - 15_000_000_000n }));
    expect(done.contract).toMatchObject({
      status: 'active',
      machineAvailability: 'missing',
      machineDownSinceNs: NOW - 15_000_000_000n,
    });
    expect(done.events).toMatchObject([{ eventType: 'machine_missing', actor: 'provider' }]);
    expect(saidOf(done)).toEqual(['contract-machine-changed']);
    const back = does(done.contract, stands(done.contract, 'up', 2, { downNs: 20_000_000_000n }));
    expect(back.contract).toMatchObject({ machineDownSinceNs: null, machineDownNs: 20_000_000_000n });
    expect(back.contract.deadlineAtNs).toBe(contract.endsAtNs);
    expect(saidOf(back)).toEqual(['contract-machine-changed']);
  });

  it('stands as the newest word says, in whatever order words come', () => {
    const contract = running();
    const up = does(contract, stands(contract, 'up', 2, { downNs: 5n }));
    expect(stands(up.contract, 'missing', 1)).toBeUndefined();
    expect(stands(up.contract, 'up', 2)).toBeUndefined();
  });

  it('and is lost ends the rental, with the refund of the time without a machine', () => {
    const contract = running({
      machineAvailability: 'missing',
      availabilityVersion: 1,
      machineDownSinceNs: T0 + HOUR,
    });
    const late = T0 + 3n * HOUR;
    const change = machineAvailabilityChanged(
      contract,
      { ...fact(contract), version: 2, availability: 'lost', sinceNs: T0 + HOUR, downNs: 0n },
      late,
    );
    const done = advance(contract, change ?? {}, late, LIMITS);
    expect(done.contract).toMatchObject({
      status: 'cancelled',
      endReason: 'MACHINE_LOST',
      refundDueE9s: 9_000_000_000n,
      earnedE9s: 1_000_000_000n,
    });
    expect(saidOf(done)).toEqual(['contract-status-changed', 'contract-ended']);
  });

  it('and is lost is made again if the tenant wants that, until the paid time is over', () => {
    const contract = running({ whenMachineLost: 'make-again' });
    const done = does(contract, stands(contract, 'lost', 1));
    expect(done.contract).toMatchObject({ status: 'active', machineWantedAgainAtNs: NOW });
    expect(done.contract.deadlineAtNs).toBe(NOW + LIMITS.provisioningNs);
    expect(saidOf(done)).toEqual(['contract-machine-changed', 'machine-wanted-again']);
    expect(done.facts.at(-1)?.payload).toMatchObject({
      generation: 1,
      deadlineNs: NOW + LIMITS.provisioningNs,
    });
    const failed = does(done.contract, provisioningFailed(done.contract, failure(done.contract)));
    expect(failed.contract).toMatchObject({ status: 'cancelled', endReason: 'MACHINE_LOST' });
    const over = running({ whenMachineLost: 'make-again', endsAtNs: NOW - 1n });
    expect(does(over, stands(over, 'lost', 1)).contract.status).toBe('cancelled');
  });

  it('and is made again, or reached in another way, shows how it is reached now; an older word does not', () => {
    const contract = running({ whenMachineLost: 'make-again' });
    const lost = does(contract, stands(contract, 'lost', 1)).contract;
    const again = does(lost, machineProvisioned(lost, machine(lost, 2), NOW));
    expect(again.events).toMatchObject([{ eventType: 'machine_made_again' }]);
    expect(again.contract).toMatchObject({ machineGeneration: 2, machineWantedAgainAtNs: null, attempts: 2 });
    expect(again.contract.instanceDetails).toMatchObject({ public_ip: '192.0.2.10' });
    expect(again.credentials).toHaveLength(1);
    expect(again.contract.endsAtNs).toBe(contract.endsAtNs);
    const moved = does(contract, machineProvisioned(contract, machine(contract), NOW));
    expect(moved.events).toMatchObject([{ eventType: 'machine_moved' }]);
    expect(machineProvisioned(moved.contract, machine(moved.contract), NOW)).toBeUndefined();
    const old = { ...machine(moved.contract), atNs: T0 - 1n };
    expect(machineProvisioned(moved.contract, old, NOW)).toBeUndefined();
  });

  it('and is made again is told as that, never as the old one that is back, in whatever order its two words come', () => {
    const lost = does(
      running({ whenMachineLost: 'make-again' }),
      stands(running({ whenMachineLost: 'make-again' }), 'lost', 1),
    ).contract;
    const words: Record<string, (contract: Contract) => Change | undefined> = {
      made: (contract) => machineProvisioned(contract, machine(contract, 2), NOW),
      up: (contract) => stands(contract, 'up', 2, { generation: 2, downNs: 5n, isAnother: true }),
    };
    for (const order of [
      ['up', 'made'],
      ['made', 'up'],
    ]) {
      let contract = lost;
      const told: unknown[] = [];
      const events: string[] = [];
      for (const word of order) {
        const done = does(contract, words[word]?.(contract));
        told.push(...done.facts.map(({ payload }) => (payload as { change?: string }).change));
        events.push(...done.events.map(({ eventType }) => eventType));
        contract = done.contract;
      }
      expect([order, told, events]).toEqual([order, ['made-again'], ['machine_made_again']]);
      expect(contract).toMatchObject({
        machineAvailability: 'up',
        machineDownNs: 5n,
        machineWantedAgainAtNs: null,
      });
    }
  });

  it('and was made anew by its agent is not made once more, also when the word that it was lost came in between', () => {
    const contract = running({ whenMachineLost: 'make-again' });
    const moved = does(contract, machineProvisioned(contract, machine(contract), NOW)).contract;
    const lost = does(moved, stands(moved, 'lost', 1)).contract;
    const up = does(lost, stands(lost, 'up', 2, { isAnother: true }));
    expect(up.contract).toMatchObject({ status: 'active', machineWantedAgainAtNs: null });
    expect(up.facts.map(({ payload }) => (payload as { change?: string }).change)).toEqual(['made-again']);
  });

  it('changes nothing of what has ended', () => {
    for (const status of lifecycle.states.filter(isFinal)) {
      const contract = sampleContract(status);
      expect([status, stands(contract, 'lost', 9)]).toEqual([status, undefined]);
    }
  });
});
