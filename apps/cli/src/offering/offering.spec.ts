import { offering } from '@decent-cloud/messages/offerings';
import { CannedDesk, ok, refusal } from '../../test/canned-desk.ts';
import { EXIT } from '../exit.ts';

const { dc, answers, seen, makeIdentity } = CannedDesk.forFile();

const smallAgentOf = (providerPubkey: string) => ({
  ...{ agentPubkey: 'ab'.repeat(32), providerPubkey, permissions: [], expiresAtNs: null },
  ...{ label: null, createdAtNs: 1, active: true, poolId: 'p1', online: true, version: '1' },
  ...{ lastHeartbeatNs: 1, hostSize: { cpuCores: 2, memoryTotalMb: 4_096 } },
});

test('an own offering is changed as a whole: what is not named is said again', async () => {
  const publicKey = await makeIdentity();
  const known = {
    ...(offering.meta() as { examples: Record<string, unknown>[] }).examples[0],
    post_provision_script: '#!/bin/sh\n',
  };
  answers['GET /api/v1/provider/my-offerings'] = ok([known]);
  answers[`PUT /api/v1/providers/${publicKey}/offerings/13`] = ok('ok');
  expect(await dc('offering', 'update', '13', '--monthly-price', '6.50')).toMatchObject({
    code: EXIT.ok,
    err: '',
  });
  const sent = JSON.parse(seen.at(-1)?.body ?? '{}') as Record<string, unknown>;
  expect(sent).toMatchObject({
    monthly_price: 6.5,
    offer_name: 'Small VPS',
    post_provision_script: '#!/bin/sh\n',
  });
  expect(sent).not.toHaveProperty('id');
  answers[`GET /api/v1/providers/${publicKey}/agent-delegations`] = ok([smallAgentOf(publicKey)]);
  expect((await dc('offering', 'update', '13', '--cores', '64')).err).toContain('warning: no agent can make');
  expect(await dc('offering', 'update', '14', '--stock', '1')).toMatchObject({ code: EXIT.notFound });
  expect(await dc('offering', 'update', '13')).toMatchObject({ code: EXIT.usage });
});

test('an offering that no agent can make is told of when it is there, and the result is as ever', async () => {
  const publicKey = await makeIdentity();
  const agent = smallAgentOf(publicKey);
  const agents = ok([agent]);
  answers[`POST /api/v1/providers/${publicKey}/offerings`] = ok(13);
  answers[`GET /api/v1/providers/${publicKey}/agent-delegations`] = agents;
  answers[`GET /api/v1/providers/${publicKey}/pools/p1/agents`] = agents;
  const create = ['offering', 'create', '--offering-id', 'x', '--title', 'X', '--monthly-price', '1'];
  const warned = {
    code: EXIT.ok,
    out: expect.stringContaining('13'),
    err: expect.stringContaining('warning: no agent can make this machine'),
  };
  expect(await dc(...create, '--cores', '64')).toMatchObject(warned);
  expect(await dc(...create, '--memory', '5 GB', '--pool-id', 'p1')).toMatchObject(warned);
  expect(await dc(...create, '--cores', '2', '--memory', '4 GB')).toMatchObject({ code: EXIT.ok, err: '' });
  const many = ok(Array.from({ length: 200 }, () => agent));
  answers[`GET /api/v1/providers/${publicKey}/agent-delegations`] = many;
  expect(await dc(...create, '--cores', '64')).toMatchObject({ code: EXIT.ok, err: '' });
  answers[`GET /api/v1/providers/${publicKey}/agent-delegations`] = refusal(403, 'FORBIDDEN');
  expect(await dc(...create, '--cores', '64')).toMatchObject({
    code: EXIT.ok,
    out: expect.stringContaining('13'),
    err: expect.stringContaining('not compared'),
  });
});
