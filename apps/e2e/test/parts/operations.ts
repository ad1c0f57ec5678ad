import { listPools } from '@decent-cloud/messages/agents';
import { cancelContract } from '@decent-cloud/messages/contracts';
import { createOffering, listMyOfferings } from '@decent-cloud/messages/offerings';
import { eventually } from '@decent-cloud/testing';
import { assertBooksBalance } from '../../src/books.ts';
import { demoProvider } from '../../src/demo-provider.ts';
import { LostMachines, refundOf } from '../../src/lost-machines.ts';
import type { Platform } from '../../src/platform.ts';
import { changeFromInside, type Seen } from '../../src/rented-inside.ts';
import { Renting } from '../../src/renting.ts';
import { SMALL_OFFERING } from '../../src/small-offering.ts';
import { Tenant } from '../../src/tenant.ts';

const SCRIPT = 'echo "set up for $DC_OFFERING_ID"; echo "a warning" >&2; exit 4';

/** A machine is changed from inside, others are lost. The platform must find that soon: `LOST_SOON`. */
export function operations(running: () => Platform): void {
  describe('what is done to machines', () => {
    let platform: Platform;
    let alice: Tenant;
    let mallory: Tenant;
    let bob: Tenant;
    let lost: LostMachines;
    let offeringId: bigint;
    let seen: Seen;

    /** The demo's provider lets something with a script. */
    async function offerWithScript(): Promise<bigint> {
      const provider = await demoProvider(platform);
      const params = { pubkey: provider.publicKey as string };
      const [pool] = await provider.call(listPools, { params });
      const [known] = await provider.call(listMyOfferings, {});
      if (!pool || !known) throw new Error('the demo has no pool or nothing for rent');
      return provider.call(createOffering, {
        params,
        body: {
          offering_id: 'with-script',
          offer_name: 'With a script',
          ...SMALL_OFFERING,
          provisioner_type: 'local',
          agent_pool_id: pool.poolId,
          post_provision_script: SCRIPT,
        },
      });
    }

    beforeAll(async () => {
      platform = running();
      [alice, mallory, bob] = await Promise.all([
        Tenant.create(platform.apiUrl, 'olivia', 25),
        Tenant.create(platform.apiUrl, 'oscar', 0),
        Tenant.create(platform.apiUrl, 'bob', 25),
      ]);
      // Whether they are lost shows while alice is busy with hers.
      lost = await LostMachines.of(platform, bob, (await Renting.of(bob)).offeringId);
      offeringId = await offerWithScript();
      seen = await changeFromInside(alice, offeringId);
    }, 600_000);
    afterAll(() => Promise.all([alice?.leave(), mallory?.leave(), bob?.leave()]));

    test('the new key gets in, the old one no more, and the contract names it', () => {
      expect(seen).toMatchObject({
        firstKeyBefore: true,
        newKeyBefore: false,
        firstKeyAfter: false,
        newKeyAfter: true,
        keyOfContract: seen.newKey,
      });
    });

    test('a new password is opened by the tenant alone, and logs in', () => {
      expect(seen.credentials).toMatchObject({
        user: expect.any(String),
        port: expect.any(Number),
        password: expect.stringMatching(/^[A-Za-z0-9]{24}$/),
      });
      expect([seen.passwordBefore, seen.passwordAfter]).toEqual([false, true]);
    });

    test('the tenant reads what the script has printed, and how it ended', () => {
      expect(seen.scriptLog).toBe('set up for with-script\n\n--- stderr ---\na warning\n');
      expect(seen.steps.join('\n')).toContain('script ended with 4');
    });

    test('every stage is an event', () => {
      expect(seen.events.filter((event) => /password|ssh_key|note|cancelled/.test(event))).toEqual([
        'note',
        'ssh_key_rotation',
        'ssh_key_rotation_complete',
        'password_reset_requested',
        'password_reset_complete',
        'cancelled',
      ]);
    });

    test('strangers change nothing and read nothing; what has ended stays as it is', async () => {
      const [contract] = await alice.dc.json(['contract', 'list']);
      const id = contract.contract_id;
      for (const args of [
        ['reset-password', id],
        ['rotate-ssh-key', id, '--ssh-pubkey', `${mallory.keyFile}.pub`],
        ['script-log', id],
      ]) {
        expect((await mallory.dc.run(['--json', 'contract', ...args])).code).toBe(4);
      }
      expect((await alice.dc.run(['--json', 'contract', 'reset-password', id])).code).toBe(7);
      expect((await alice.dc.json(['contract', 'script-log', id])).log).toContain('set up for');
    }, 180_000);

    const bothAreTold = (id: string, titles: readonly string[]) =>
      eventually(async () => {
        expect(await lost.told(id)).toEqual({ tenant: titles, provider: titles });
        return true;
      });

    test('a machine that was switched off by hand is started again, and its tenant gets in', async () => {
      const { switchedOff: id } = lost;
      await lost.until(
        id,
        'a machine that runs again',
        ({ machine_availability: is, machine_down_ns: downNs }) => is === 'up' && (downNs ?? 0n) > 0n,
      );
      expect(await lost.events(id)).toEqual(['machine_stopped', 'machine_back']);
      expect(await lost.letsIn(id)).toBe(true);
    }, 120_000);

    test('a machine that is gone is made again where its tenant wants that: same terms, and both sides know it', async () => {
      const { goesOn: id, before } = lost;
      const after = await lost.until(
        id,
        'another machine',
        ({ machine_availability: is, machine_down_ns: downNs }) => is === 'up' && (downNs ?? 0n) > 0n,
      );
      expect(after).toMatchObject({
        status: 'active',
        end_timestamp_ns: before.end_timestamp_ns,
        payment_amount_e9s: before.payment_amount_e9s,
      });
      const reachedAt = (contract: typeof after) =>
        JSON.parse(contract.provisioning_instance_details ?? '{}');
      expect(reachedAt(after).ssh_port).toBe(reachedAt(before).ssh_port);
      expect(reachedAt(after).ssh_host_key).not.toBe(reachedAt(before).ssh_host_key);
      expect(await lost.letsIn(id)).toBe(true);
      await bothAreTold(id, ['Machine Not There', 'Machine Lost', 'Machine Made Again']);
    }, 120_000);

    test('or it ends its rental: the time without it is returned, and both sides are told once', async () => {
      const { ends: id } = lost;
      const ended = await lost.until(id, 'the end', ({ payment_status: status }) => status === 'refunded');
      expect(ended).toMatchObject({ status: 'cancelled', machine_down_since_ns: expect.anything() });
      expect(ended.refund_amount_e9s).toBe(refundOf(ended));
      expect(await lost.restoring(id)).toMatchObject({ state: 'failed', reason: 'MACHINE_LOST' });
      await bothAreTold(id, ['Machine Not There', 'Rental Cancelled']);
    }, 120_000);

    test('the time without a machine is not charged when they are given back', async () => {
      const api = await bob.api();
      for (const id of [lost.switchedOff, lost.goesOn]) {
        await api.call(cancelContract, { params: { id }, body: {} }, { idempotencyKey: crypto.randomUUID() });
        const over = await lost.until(
          id,
          'its refund',
          ({ payment_status: status }) => status === 'refunded',
        );
        expect(over.machine_down_ns).toBeGreaterThan(0n);
        expect(over.refund_amount_e9s).toBe(refundOf(over));
      }
    }, 120_000);

    test('the password is in no log; the books balance; nobody logged an error', async () => {
      const password = String(seen.credentials.password);
      expect(JSON.stringify(await Promise.all(parts().map((part) => platform.logLines(part))))).not.toContain(
        password,
      );
      await assertBooksBalance(platform);
      expect(await platform.errors()).toEqual([]);
    }, 60_000);

    const parts = () => ['gateway', 'contracts', 'agents', 'demo-agent', 'notifications'];
  });
}
