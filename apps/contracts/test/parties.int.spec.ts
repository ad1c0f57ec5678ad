import { facts, requests } from '@decent-cloud/messages';
import {
  cancelContract,
  getContract,
  getCredentials,
  listContractEvents,
  listMyContracts,
  listPendingRequests,
  listProviderContracts,
  respondToRequest,
} from '@decent-cloud/messages/contracts';
import { ANY_SERVICE } from '@decent-cloud/testing';
import { EraseCredentials } from '../src/machine/erase-credentials.ts';
import { HOUR, PROVIDER_KEY, TENANT_KEY, TENANT_OTHER_KEY } from './sample-contract.ts';
import { PRICE, provider, rejection, stranger, tenant, tenantsOtherKey, World } from './world.ts';

const world = World.forFile();
const { provisioned, running } = world;

describe('the provider', () => {
  beforeEach(() => {
    world.autoAccept = false;
  });
  const answer = (id: string, accept: boolean, caller = provider) =>
    world.ask(respondToRequest, { params: { id }, body: { accept, memo: 'hello' } }, caller);

  it('sees what waits for an answer and accepts it', async () => {
    const id = await world.rent();
    const waiting = await world.ask(listPendingRequests, {}, provider);
    expect(waiting[0]).toMatchObject({
      contract_id: id,
      status: 'requested',
      payment_status: 'succeeded',
      allowed_actions: ['accept', 'reject'],
    });
    const own = await world.ask(getContract, { params: { id } });
    expect(own.allowed_actions).toEqual(['cancel', 'set-when-machine-lost']);
    expect(await answer(id, true)).toBe('Contract accepted');
    expect(await world.said(id, 'contract-accepted')).toHaveLength(1);
    await world.say(facts.machineProvisioned, provisioned(id));
    expect((await world.read(id)).status).toBe('provisioned');
    const still = await world.ask(listPendingRequests, {}, provider);
    expect(still.map((contract) => contract.contract_id)).not.toContain(id);
  });

  it('rejects with all money back', async () => {
    const id = await world.rent();
    await answer(id, false);
    const [ended] = await world.said(id, 'contract-ended');
    expect(ended).toMatchObject({
      status: 'rejected',
      reason: 'REJECTED_BY_PROVIDER',
      refundE9s: Number(PRICE),
      earnedE9s: 0,
    });
    await expect(answer(id, true)).rejects.toThrow('Allowed from rejected: none');
  });

  it('cannot accept what is not paid, and nobody else can answer', async () => {
    world.payments = 'fails';
    const id = await world.rent();
    await expect(answer(id, true)).rejects.toThrow('the payment is not confirmed yet');
    for (const caller of [tenant, stranger])
      await expect(answer(id, true, caller)).rejects.toThrow(/^Unauthorized/);
  });
});

describe('lists', () => {
  it('are newest first, narrowed by status, and go on after a cursor', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 3; index++) {
      world.now += 1_000_000n;
      ids.unshift(await world.rent());
    }
    const mine = await world.ask(listMyContracts, { params: { pubkey: TENANT_KEY }, query: { limit: 2 } });
    expect(mine.map((contract) => contract.contract_id)).toEqual(ids.slice(0, 2));
    const next = await world.ask(
      listMyContracts,
      { params: { pubkey: TENANT_OTHER_KEY }, query: { limit: 1, cursor: ids[1] as string } },
      tenantsOtherKey,
    );
    expect(next.map((contract) => contract.contract_id)).toEqual([ids[2]]);
    const third = await world.ask(listMyContracts, {
      params: { pubkey: TENANT_KEY },
      query: { limit: 1, offset: 2 },
    });
    expect(third).toEqual(next);
    await world.ask(cancelContract, { params: { id: ids[1] as string }, body: {} });
    const cancelled = await world.ask(
      listProviderContracts,
      { params: { pubkey: PROVIDER_KEY }, query: { status: 'Canceled', limit: 1 } },
      provider,
    );
    expect(cancelled.map((contract) => contract.contract_id)).toEqual([ids[1]]);
    await expect(
      world.ask(listMyContracts, { params: { pubkey: TENANT_KEY }, query: { status: 'completed' } }),
    ).rejects.toEqual(rejection('INVALID', 'INVALID_INPUT'));
    expect(await world.ask(listMyContracts, { params: { pubkey: '00'.repeat(32) } }, stranger)).toEqual([]);
  });

  it('are counted for a key in either role', async () => {
    await world.rent();
    const heldBy = async (publicKey: string) =>
      (await world.ask(requests.holdingsOfKeyInContracts, { body: { publicKey } }, ANY_SERVICE)).holdings;
    const [ofTenant] = await heldBy(TENANT_KEY);
    expect(ofTenant).toEqual({ what: 'contracts', count: expect.any(Number) });
    expect(ofTenant?.count).toBeGreaterThan(0);
    expect(await heldBy(PROVIDER_KEY)).toEqual([ofTenant]);
    expect(await heldBy('00'.repeat(32))).toEqual([{ what: 'contracts', count: 0 }]);
  });

  it('a contract is shown to its parties only', async () => {
    const id = await world.rent();
    await expect(world.ask(getContract, { params: { id } }, stranger)).rejects.toThrow(/^Unauthorized/);
    await expect(world.ask(listContractEvents, { params: { id } }, stranger)).rejects.toThrow(
      /^Unauthorized/,
    );
    await expect(world.ask(getContract, { params: { id: 'cd'.repeat(32) } })).rejects.toThrow('not found');
    await expect(
      world.ask(requests.contractStates, { body: { contractIds: [id] } }, stranger),
    ).rejects.toEqual(rejection('FORBIDDEN', 'NOT_OWNER'));
  });
});

describe('credentials', () => {
  const read = (id: string, caller = tenant) => world.ask(getCredentials, { params: { id } }, caller);

  it('are for the key that they were sealed for, for seven days', async () => {
    const id = await running();
    expect(await read(id)).toBe('{"version":2,"ciphertext":"x"}');
    await expect(read(id, tenantsOtherKey)).rejects.toThrow(/No credentials available for this key/);
    await expect(read(id, provider)).rejects.toThrow(/^Unauthorized/);
    await world.service.get(EraseCredentials).sweep(world.now + 7n * 24n * HOUR - 1n);
    expect(await read(id)).toMatch(/version/);
    await world.service.get(EraseCredentials).sweep(world.now + 7n * 24n * HOUR);
    await expect(read(id)).rejects.toThrow('No credentials available (expired or not set)');
  });

  it('are not there before the machine and not after the end', async () => {
    const id = await world.rent();
    await expect(read(id)).rejects.toEqual(rejection('NOT_FOUND', 'CREDENTIALS_NOT_AVAILABLE'));
    await world.say(facts.machineProvisioned, provisioned(id));
    await world.ask(cancelContract, { params: { id }, body: {} });
    await expect(read(id)).rejects.toThrow('No credentials available');
  });
});
