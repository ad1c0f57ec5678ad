import { secondsToNs } from '@decent-cloud/kernel';
import { type Caller, facts } from '@decent-cloud/messages';
import { getHealthSummary, listHealthChecks } from '@decent-cloud/messages/agents';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { DropOldChecks } from '../src/coordination/health/drop-old-checks.ts';
import { hex64, user } from './people.ts';
import { PollingAgent } from './polling-agent.ts';
import { Stage } from './stage.ts';

jest.setTimeout(60_000);
const stage = Stage.forFile();

async function rented() {
  const provider = hex64();
  const pool = await stage.pool(provider);
  const agent = await PollingAgent.join(stage, provider, pool.poolId);
  const providerAccountId = 'fe'.repeat(16);
  const accepted = stage.accepted(provider, { providerAccountId });
  await stage.say(facts.contractAccepted, accepted);
  await agent.seesPending(accepted.contractId);
  return { agent, accepted, contractId: accepted.contractId, tenant: user(accepted.requesterPublicKey) };
}
const checks = (id: string, caller: Caller) => stage.ask(listHealthChecks, { params: { id } }, caller);
const summary = (id: string, caller: Caller) => stage.ask(getHealthSummary, { params: { id } }, caller);

test('checks are kept once each, listed newest first, 20 of them, and summed up', async () => {
  const { agent, contractId, tenant } = await rented();
  expect(await checks(contractId, tenant)).toEqual([]);
  expect(await summary(contractId, tenant)).toMatchObject({ totalChecks: 0n, uptimePercent: 0 });
  const from = stage.clock() - secondsToNs(3_600);
  const at = (minute: number) => from + secondsToNs(60 * minute);
  const first = await agent.health(contractId, {
    checkedAt: at(0),
    latencyMs: 12,
    details: '{"uptime_seconds":7}',
  });
  expect(first).toEqual({
    id: expect.any(BigInt),
    contractId,
    checkedAt: at(0),
    status: 'healthy',
    latencyMs: 12,
    details: '{"uptime_seconds":7}',
    createdAt: expect.any(BigInt),
  });
  const again = await agent.health(contractId, { checkedAt: at(0), status: 'unhealthy', latencyMs: 900 });
  expect(again).toEqual(first);
  for (let minute = 1; minute < 20; minute++) {
    await agent.health(contractId, { checkedAt: at(minute), latencyMs: 20 });
  }
  await agent.health(contractId, { checkedAt: at(21), status: 'unhealthy' });
  await agent.health(contractId, { checkedAt: at(20), status: 'unknown', details: null });
  const listed = await checks(contractId, tenant);
  expect(listed).toHaveLength(20);
  expect(listed.slice(0, 3).map(({ status, checkedAt }) => [status, checkedAt])).toEqual([
    ['unhealthy', at(21)],
    ['unknown', at(20)],
    ['healthy', at(19)],
  ]);
  expect(listed[0]).not.toHaveProperty('latencyMs');
  expect(await summary(contractId, tenant)).toEqual({
    totalChecks: 22n,
    healthyChecks: 20n,
    unhealthyChecks: 1n,
    unknownChecks: 1n,
    uptimePercent: 2_000 / 22,
    avgLatencyMs: (12 + 19 * 20) / 20,
    lastCheckedAt: at(21),
  });
});

test('for tenant and provider, with any key of their accounts, and for nobody else', async () => {
  const { agent, accepted, contractId, tenant } = await rented();
  await agent.health(contractId);
  const ofAccount = (accountId: string): Caller => ({ kind: 'user', publicKey: hex64(), accountId });
  for (const caller of [
    tenant,
    ofAccount(accepted.requesterAccountId),
    user(accepted.providerPublicKey),
    ofAccount('fe'.repeat(16)),
  ]) {
    expect(await checks(contractId, caller)).toHaveLength(1);
    expect(await summary(contractId, caller)).toMatchObject({ totalChecks: 1n });
  }
  for (const caller of [user(hex64()), ofAccount('aa'.repeat(16))]) {
    await expect(checks(contractId, caller)).rejects.toMatchObject({ reason: 'OWN_CONTRACT' });
    await expect(summary(contractId, caller)).rejects.toMatchObject({ reason: 'OWN_CONTRACT' });
  }
  await expect(checks(contractId, agent.caller())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  await expect(checks(hex64(), tenant)).rejects.toMatchObject({ reason: 'CONTRACT_NOT_FOUND' });
});

test('checks of the future, of long ago and with nonsense in them are refused', async () => {
  const { agent, contractId, tenant } = await rented();
  for (const body of [
    { checkedAt: stage.clock() + secondsToNs(400) },
    { checkedAt: stage.clock() - secondsToNs(86_500) },
    { checkedAt: -1n },
    { status: 'fine' },
    { latencyMs: -1 },
    { details: 'a\0b' },
  ]) {
    await expect(agent.health(contractId, body)).rejects.toMatchObject({ code: 'INVALID' });
  }
  expect(await checks(contractId, tenant)).toEqual([]);
});

test('whoever has not the machine in hand, or had it until its end, says nothing about its health', async () => {
  const { agent, accepted, contractId, tenant } = await rented();
  const pool = await stage.pool(accepted.providerPublicKey, 'apac');
  const other = await PollingAgent.join(stage, accepted.providerPublicKey, pool.poolId);
  const refusal = { reason: 'TRANSITION_NOT_ALLOWED' };
  await expect(other.health(contractId, { status: 'unhealthy' })).rejects.toMatchObject(refusal);
  await agent.health(contractId);
  await stage.say(facts.contractEnded, stage.ended(accepted));
  await eventually(async () => (await stage.stateOf(contractId))?.state === 'ended');
  await expect(agent.health(contractId, { status: 'unhealthy' })).rejects.toMatchObject(refusal);
  expect(await summary(contractId, tenant)).toMatchObject({ totalChecks: 1n, unhealthyChecks: 0n });
});

test('after 90 days a check is dropped; the summary goes on counting it', async () => {
  const { agent, contractId, tenant } = await rented();
  await agent.health(contractId);
  const sweep = stage.service.get(DropOldChecks);
  await sweep.sweep(stage.clock() + secondsToNs(89 * 86_400));
  expect(await checks(contractId, tenant)).toHaveLength(1);
  await sweep.sweep(stage.clock() + secondsToNs(91 * 86_400));
  expect(await checks(contractId, tenant)).toEqual([]);
  expect(await summary(contractId, tenant)).toMatchObject({ totalChecks: 1n });
});
