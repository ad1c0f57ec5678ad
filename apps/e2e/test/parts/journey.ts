import { rentalProcess, UNDO_NAMES } from '@decent-cloud/messages/process';
import { eventually } from '@decent-cloud/testing';
import { assertBooksBalance } from '../../src/books.ts';
import type { Platform } from '../../src/platform.ts';
import { Tenant } from '../../src/tenant.ts';

const stateOf = ({ name, state }: { name: string; state: string }): string => `${name} ${state}`;
/** Is shown when a machine was lost, and not otherwise. */
const PLANNED = rentalProcess.map(({ name }) => name).filter((name) => name !== 'restore-machine');
const UNDONE = UNDO_NAMES.map((name) => `${name} undone`);

/** A whole rental, from money to money, with the command line and ssh; and what people are shown of it. */
export function journey(running: () => Platform, replicas: number): void {
  describe(`a rental with ${replicas} of each service and gateway`, () => {
    let platform: Platform;
    let alice: Tenant;
    let mallory: Tenant;
    let offeringId: bigint;

    beforeAll(async () => {
      platform = running();
      [alice, mallory] = await Promise.all([
        Tenant.create(platform.apiUrl, 'alice', 25),
        Tenant.create(platform.apiUrl, 'mallory', 0),
      ]);
      const offerings = await alice.dc.json(['contract', 'list-offerings']);
      offeringId = BigInt(
        offerings.find((offering: { offering_id: string }) => offering.offering_id === 'demo-small').id,
      );
    }, 180_000);
    afterAll(() => Promise.all([alice?.leave(), mallory?.leave()]));

    const mails = async (): Promise<{ to: string; text: string }[]> => {
      const { mailHttp } = await platform.ports();
      const answer = await fetch(`http://127.0.0.1:${mailHttp}/api/mails`);
      return (await answer.json()) as { to: string; text: string }[];
    };
    /** What the mail of a ready machine has for a shell. */
    const mailedLine = (contractId: string): Promise<string> =>
      eventually(
        async () =>
          (await mails())
            .filter(
              ({ to, text }) => to === 'alice@example.com' && text.includes(`contract ssh ${contractId}`),
            )
            .flatMap(({ text }) => text.split('\n'))
            .find((line) => line.includes('ssh -o UserKnownHostsFile=')),
        { deadlineMs: 20_000, everyMs: 200 },
      );

    test('rent, log in, cancel, get the unused money back, and the machine is gone', async () => {
      expect(await alice.balanceE9s()).toBe(25_000_000_000n);
      const id = await alice.rent(offeringId, 2, ['--wait']);
      const active = await alice.contract(id);
      expect(active).toMatchObject({
        status: 'active',
        payment_status: 'succeeded',
        payment_amount_e9s: 20_000_000,
      });
      expect(await alice.balanceE9s()).toBe(24_980_000_000n);

      const address = await alice.address(id);
      expect(await alice.ssh(address, 'uname -s; exit 7')).toMatchObject({ code: 7, stdout: 'Linux\n' });
      expect(await alice.ssh(address, 'cat', 'through the pipe')).toMatchObject({
        code: 0,
        stdout: 'through the pipe',
      });
      expect((await mallory.ssh(address, 'true')).code).toBe(255);
      const session = await alice.dc.run(['contract', 'ssh', id, '--', 'uname', '-a']);
      expect(session).toMatchObject({ code: 0, stdout: expect.stringContaining('Linux') });

      const { code, stdout } = await alice.paste(await mailedLine(id), 'uname -s');
      expect({ code, stdout }).toEqual({ code: 0, stdout: 'Linux\n' });

      const credentials = await alice.dc.json(['contract', 'credentials', id]);
      expect(JSON.stringify(credentials)).toContain(String(address.port));
      for (const args of [
        ['contract', 'get', id],
        ['contract', 'credentials', id],
        ['contract', 'cancel', id],
      ]) {
        const refused = await mallory.dc.run(['--json', ...args]);
        expect([4, 6]).toContain(refused.code);
      }

      const using = await alice.dc.json(['contract', 'steps', id]);
      expect(using.steps.map(stateOf)).toEqual(PLANNED.map((name) => `${name} done`));
      for (const step of using.steps) expect(step).toMatchObject({ actualSeconds: expect.any(Number) });
      expect(active.steps.map(stateOf)).toEqual(using.steps.map(stateOf));

      await alice.dc.json(['contract', 'cancel', id, '--memo', 'enough']);
      const refunded = await eventually(
        async () => {
          const contract = await alice.contract(id);
          return contract.payment_status === 'refunded' && contract;
        },
        { deadlineMs: 30_000, everyMs: 200 },
      );
      expect(refunded.status).toBe('cancelled');
      const refund = BigInt(refunded.refund_amount_e9s);
      const serviceNs = BigInt(refunded.status_updated_at_ns) - BigInt(refunded.provisioning_completed_at_ns);
      const lifeNs = BigInt(refunded.end_timestamp_ns) - BigInt(refunded.provisioning_completed_at_ns);
      expect(refund).toBe((20_000_000n * (lifeNs - serviceNs)) / lifeNs);
      expect(await alice.balanceE9s()).toBe(24_980_000_000n + refund);
      await eventually(async () => (await alice.ssh(address, 'true')).code === 255, {
        deadlineMs: 30_000,
        everyMs: 200,
      });

      await eventually(
        async () => {
          const { steps } = await alice.dc.json(['contract', 'steps', id]);
          return steps.slice(PLANNED.length).map(stateOf).join() === UNDONE.join();
        },
        { deadlineMs: 30_000, everyMs: 200 },
      );

      const events = await alice.dc.json(['contract', 'events', id]);
      expect(events.map((event: { newStatus?: string }) => event.newStatus).filter(Boolean)).toEqual([
        'requested',
        'accepted',
        'provisioning',
        'provisioned',
        'active',
        'cancelled',
      ]);
      await assertBooksBalance(platform);
    }, 300_000);

    test('without money: a refusal that says what to do, nothing is left behind', async () => {
      const refused = await mallory.dc.run([
        '--json',
        ...['contract', 'create', '--offering-id', String(offeringId), '--duration-hours', '1'],
      ]);
      expect(refused.code).toBe(7);
      expect(JSON.parse(refused.stdout).error).toMatchObject({ reason: 'INSUFFICIENT_BALANCE' });
      const contracts = await mallory.dc.json(['contract', 'list']);
      expect(contracts.filter(({ status }: { status: string }) => status !== 'cancelled')).toEqual([]);
      await eventually(async () => {
        const offering = await alice.dc.json(['offering', 'get', String(offeringId)]);
        return offering.stock_available === 20;
      });
    });

    test('both sides are told, in the app and by mail', async () => {
      const notifications = await alice.dc.json(['notifications', 'list']);
      const titles = notifications.map(({ title }: { title: string }) => title).join('\n');
      expect(titles).toMatch(/accepted/i);
      expect(titles).toMatch(/cancel/i);
      await eventually(
        async () => {
          const told = new Set((await mails()).map(({ to }) => to));
          return told.has('alice@example.com') && told.has('provider@demo.example');
        },
        { deadlineMs: 20_000, everyMs: 200 },
      );
    });

    test('the page for newcomers, the API page and the document are there', async () => {
      const home = await (await fetch(platform.apiUrl)).text();
      expect(home).toContain('Demo Small');
      expect(home).toContain('npx dc');
      const document = (await (await fetch(`${platform.apiUrl}/api/v1/openapi`)).json()) as {
        openapi: string;
      };
      expect(document.openapi).toMatch(/^3\.1/);
      expect((await fetch(`${platform.apiUrl}/api/v1/swagger`)).headers.get('content-type')).toContain(
        'text/html',
      );
      const status = (await (await fetch(`${platform.apiUrl}/api/v1/status`)).json()) as {
        data: { status: string; services: { up: boolean }[] };
      };
      expect(status.data.status).toBe('ok');
      expect(status.data.services.every(({ up }) => up)).toBe(true);
    });

    test('dc e2e all passes, dc health is well', async () => {
      await alice.dc.json(['health', 'all']);
      const outcome = await alice.dc.run(['e2e', 'all', '--offering-id', String(offeringId)]);
      expect(outcome).toMatchObject({ code: 0 });
    }, 120_000);

    test('a request carries one id and one trace through gateway and service', async () => {
      const requestId = `journey-${Date.now()}`;
      const answer = await fetch(`${platform.apiUrl}/api/v1/accounts/nobody-of-that-name`, {
        headers: { 'x-request-id': requestId },
      });
      expect(answer.headers.get('x-request-id')).toBe(requestId);
      expect(await answer.json()).toMatchObject({ success: false, code: 'ACCOUNT_NOT_FOUND', requestId });
      const line = (part: string) =>
        eventually(async () =>
          (await platform.logLines(part)).find((entry) => entry.requestId === requestId),
        );
      const gateway = await line('gateway');
      const parts = Array.from({ length: replicas }, (_, index) =>
        index === 0 ? 'accounts' : `accounts-${index + 1}`,
      );
      const accounts = await Promise.any(parts.map(line));
      expect(gateway.traceId).toMatch(/^[0-9a-f]{32}$/);
      expect(accounts).toMatchObject({
        service: 'accounts',
        traceId: gateway.traceId,
        reason: 'ACCOUNT_NOT_FOUND',
      });
    });

    test('nobody logged an error', async () => {
      expect(await platform.errors()).toEqual([]);
    });
  });
}
