import { CannedDesk, ok } from '../../test/canned-desk.ts';
import { EXIT } from '../exit.ts';

const { dc, answers, seen, makeIdentity } = CannedDesk.forFile();

test('an agent is revoked; its machines are given up only where that is said', async () => {
  const publicKey = await makeIdentity();
  const agent = 'ab'.repeat(32);
  const call = `DELETE /api/v1/providers/${publicKey}/agent-delegations/${agent}`;
  answers[call] = {
    status: 409,
    body: { success: false, error: 'has machines', code: 'AGENT_HAS_MACHINES' },
  };
  expect(await dc('provider', 'revoke-agent', agent)).toMatchObject({
    code: EXIT.refused,
    err: expect.stringContaining('--give-up-machines'),
  });
  expect(seen.at(-1)?.url).not.toContain('machines=');
  answers[call] = ok(true);
  expect(await dc('--json', 'provider', 'revoke-agent', agent, '--give-up-machines')).toMatchObject({
    code: EXIT.ok,
    out: `{"agentPubkey":"${agent}","revoked":true}\n`,
  });
  expect(seen.at(-1)?.url).toContain('?machines=give-up');
});

test('machines that nobody can remove any more are listed, as their agents named them', async () => {
  const publicKey = await makeIdentity();
  const left = {
    ...{ contractId: 'cd'.repeat(32), generation: 1, agentPubkey: 'ab'.repeat(32), agentLabel: null },
    ...{ externalId: 'dc-\u001b[2Jcdcd-g1', absentSinceNs: 0 },
  };
  const call = `GET /api/v1/providers/${publicKey}/leftover-machines`;
  answers[call] = ok([left]);
  const { code, out } = await dc('provider', 'leftover-machines');
  expect([code, out]).toEqual([EXIT.ok, expect.stringContaining('1970-01-01 00:00:00Z')]);
  expect(out).toContain('dc- [2Jcdcd-g1');
  expect(JSON.parse((await dc('--json', 'provider', 'leftover-machines')).out)).toEqual([left]);
  answers[call] = ok([]);
  expect((await dc('provider', 'leftover-machines')).out).toBe('No machines are left over\n');
});

test('a type of machines that is none is refused where it is said', async () => {
  await makeIdentity();
  const pool = ['provider', 'pool', 'create', '--name', 'B', '--location', 'europe', '--provisioner-type'];
  expect(await dc(...pool, 'locl')).toMatchObject({
    code: EXIT.usage,
    err: expect.stringContaining('local'),
  });
  expect(seen).toEqual([]);
});
