import { join } from 'node:path';
import { requests } from '@decent-cloud/messages';
import { topUpWallet } from '@decent-cloud/messages/payments';
import {
  askAs,
  createTestDatabase,
  SpawnedService,
  serviceKeysFor,
  startTestNats,
} from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { connect } from '@nats-io/transport-node';

jest.setTimeout(60_000);

test('a service that stood still and goes on takes no money for requests that were given up', async () => {
  const [nats, db] = await Promise.all([startTestNats(), createTestDatabase()]);
  const service = await SpawnedService.start({
    name: 'payments',
    script: join(import.meta.dirname, '../bundle/main.js'),
    env: {
      DATABASE_URL: db.url,
      NATS_URL: nats.url,
      SERVICE_KEYS: serviceKeysFor('payments'),
      ENVIRONMENT: 'test',
      LOG_LEVEL: 'info',
      PUBLIC_URL: 'https://example.org',
    },
  });
  const connection = await connect({ servers: nats.url });
  try {
    await service.ready({ deadlineMs: 30_000 });
    const publicKey = 'ab'.repeat(32);
    const accountId = 'cd'.repeat(16);
    const caller = { kind: 'user', publicKey, accountId } as const;
    const topUp = (idempotencyKey?: string, timeoutMs = 1_000) =>
      askAs(
        connection,
        topUpWallet,
        { params: { pubkey: publicKey }, body: { amountUsd: 50, method: 'test' } },
        { caller, requestId: 'r', timeoutMs, ...(idempotencyKey !== undefined && { idempotencyKey }) },
      );
    await topUp(undefined, 10_000);
    const charge = (contract: number, timeoutMs = 1_000) =>
      askAs(
        connection,
        requests.chargeRental,
        {
          body: {
            contractId: contract.toString(16).padStart(64, '0'),
            accountId,
            amountE9s: 1_000_000_000n,
            currency: 'USD',
          },
        },
        { caller: { kind: 'service', name: 'contracts' }, requestId: 'r', timeoutMs },
      );
    await charge(0, 10_000);

    await service.kill('SIGSTOP');
    const given = await Promise.allSettled([
      ...Array.from({ length: 10 }, (_, index) => charge(index + 1)),
      topUp('mine'),
    ]);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await service.kill('SIGCONT');
    for (const outcome of given) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { reason: 'OUTCOME_UNKNOWN' } });
    }

    // "Ask with this key": what was given up has not happened, so it happens now, once.
    await topUp('mine', 10_000);
    await topUp('mine', 10_000);
    const { balanceE9s } = await charge(100, 10_000);
    expect(balanceE9s).toBe(98_000_000_000n);
  } finally {
    await connection.close();
    await service.stop();
    await nats.stop();
    await db.drop();
  }
});
