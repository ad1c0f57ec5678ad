import { createHash } from 'node:crypto';
import { jest } from '@jest/globals';
import { ANONYMOUS, GatewayStage, MOST_NAMES, newDcId, newTxt } from './gateway-stage.ts';
import { hex64, user } from './people.ts';
import { PollingAgent } from './polling-agent.ts';
import { Stage } from './stage.ts';

jest.setTimeout(60_000);
const gateways = GatewayStage.forFile();

describe('a dc_id', () => {
  test('gives credentials, of which the database knows no key', async () => {
    const { agent, dcId, credentials } = await gateways.registered();
    expect(credentials).toEqual({
      acmeDnsServerUrl: 'https://api.example/api/v1/acme-dns',
      acmeDnsUsername: expect.stringMatching(
        /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      ),
      acmeDnsPassword: expect.stringMatching(/^[A-Za-z0-9_-]{32}$/),
      acmeDnsSubdomain: credentials.acmeDnsUsername,
    });
    const rows = await gateways.stage.query<{ text: string }>(
      'select dc_gateway::text as text from dc_gateway where dc_id = $1',
      [dcId],
    );
    expect(rows).toHaveLength(1);
    const text = rows[0]?.text ?? '';
    expect(text).toContain(createHash('sha256').update(credentials.acmeDnsPassword).digest('hex'));
    expect(text).toContain(agent.provider);
    expect(text).not.toContain(credentials.acmeDnsPassword);
  });

  test('given again to its provider, by any of its agents, has new credentials and no old ones', async () => {
    const { agent, dcId, credentials } = await gateways.registered();
    const colleague = await gateways.joined(agent.provider);
    const fresh = await colleague.registerGateway(dcId);
    expect(fresh.acmeDnsUsername).not.toBe(credentials.acmeDnsUsername);
    expect(fresh.acmeDnsPassword).not.toBe(credentials.acmeDnsPassword);
    await expect(gateways.update(credentials, newTxt())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    const txt = newTxt();
    expect(await gateways.update(fresh, txt)).toEqual({ txt });
  });

  test('is refused to another provider, and stays as it is', async () => {
    const { dcId, credentials } = await gateways.registered();
    const other = await gateways.joined();
    await expect(other.registerGateway(dcId)).rejects.toMatchObject({
      code: 'CONFLICT',
      reason: 'DC_ID_TAKEN',
      message: `dc_id '${dcId}' is already registered to a different provider`,
    });
    const txt = newTxt();
    expect(await gateways.update(credentials, txt)).toEqual({ txt });
  });

  test('wanted by several providers at once goes to one', async () => {
    const agents = await Promise.all(Array.from({ length: 5 }, () => gateways.joined()));
    const dcId = newDcId();
    const outcomes = await Promise.allSettled(agents.map((agent) => agent.registerGateway(dcId)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const reasons = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.reason] : []));
    expect(reasons).toEqual(Array(4).fill('DC_ID_TAKEN'));
  });

  test('is one of fifty that a provider can have', async () => {
    const agent = await gateways.joined();
    const dcIds = Array.from({ length: 50 }, newDcId);
    for (const dcId of dcIds) await agent.registerGateway(dcId);
    const oneMore = newDcId();
    await expect(agent.registerGateway(oneMore)).rejects.toMatchObject({ reason: 'DNS_LIMIT' });
    expect(await gateways.stage.query('select 1 from dc_gateway where dc_id = $1', [oneMore])).toEqual([]);
    await agent.registerGateway(dcIds[0] as string);
  });

  test.each(['a', 'a'.repeat(21), '-ab', 'ab-', 'Ab', 'a.b', 'a_b', 'ä1', ''])(
    'cannot be %p',
    async (dcId) => {
      const agent = await gateways.joined();
      await expect(agent.registerGateway(dcId)).rejects.toMatchObject({ code: 'INVALID' });
    },
  );

  test('needs an agent that may, for itself and for its names', async () => {
    const { agent, dcId } = await gateways.registered();
    const without = agent.caller(['provision', 'health_check', 'heartbeat', 'fetch_contracts']);
    const refusal = { code: 'FORBIDDEN', message: "Agent does not have 'dns_manage' permission" };
    await expect(agent.registerGateway(dcId, without)).rejects.toMatchObject(refusal);
    await expect(agent.createName(dcId, 'aaaaaa', '8.8.4.4', without)).rejects.toMatchObject(refusal);
    await expect(agent.deleteName(dcId, 'aaaaaa', without)).rejects.toMatchObject(refusal);
    for (const caller of [user(agent.provider), ANONYMOUS]) {
      await expect(agent.registerGateway(dcId, caller)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    }
    expect(await gateways.rowsOf(dcId)).toEqual([]);
  });
});

describe('the name of a machine', () => {
  test('is made, moved and deleted, each as often as one likes', async () => {
    const { agent, dcId } = await gateways.registered();
    const subdomain = gateways.nameOf(dcId, 'k7m2p4');
    for (const address of ['8.8.4.4', '8.8.4.4', '8.8.8.8']) {
      expect(await agent.createName(dcId, 'k7m2p4', address)).toEqual({ subdomain });
      expect(gateways.addressesOf(dcId, 'k7m2p4')).toEqual([address]);
      expect(await gateways.rowsOf(dcId)).toEqual([{ slug: 'k7m2p4', address, state: 'present', due: null }]);
    }
    for (let time = 0; time < 2; time++) {
      expect(await agent.deleteName(dcId, 'k7m2p4')).toEqual({ subdomain });
      expect(gateways.addressesOf(dcId, 'k7m2p4')).toEqual([]);
      expect(await gateways.rowsOf(dcId)).toEqual([]);
    }
  });

  test('that was there before this platform knew of it is its gateway’s all the same', async () => {
    const { agent, dcId } = await gateways.registered();
    gateways.zone.put('A', gateways.nameOf(dcId, 'oldone'), '9.9.9.9');
    gateways.zone.put('A', gateways.nameOf(dcId, 'oldtwo'), '9.9.9.9');
    await agent.createName(dcId, 'oldone', '8.8.4.4');
    await agent.deleteName(dcId, 'oldtwo');
    expect([gateways.addressesOf(dcId, 'oldone'), gateways.addressesOf(dcId, 'oldtwo')]).toEqual([
      ['8.8.4.4'],
      [],
    ]);
  });

  test('is nobody else’s to make, move or delete, and the zone is not asked', async () => {
    const { agent, dcId } = await gateways.registered();
    await agent.createName(dcId, 'k7m2p4', '8.8.4.4');
    const other = (await gateways.registered()).agent;
    const before = gateways.zone.requests.length;
    const refusal = { code: 'FORBIDDEN', message: `dc_id '${dcId}' is not registered to this provider` };
    await expect(other.createName(dcId, 'k7m2p4', '1.1.1.1')).rejects.toMatchObject(refusal);
    await expect(other.createName(dcId, 'zzzzzz', '1.1.1.1')).rejects.toMatchObject(refusal);
    await expect(other.deleteName(dcId, 'k7m2p4')).rejects.toMatchObject(refusal);
    await expect(other.createName('dc-nobodys', 'k7m2p4', '1.1.1.1')).rejects.toMatchObject({
      message: "dc_id 'dc-nobodys' is not registered to this provider",
    });
    expect(gateways.zone.requests).toHaveLength(before);
    expect(await gateways.rowsOf(dcId)).toHaveLength(1);
    expect(gateways.addressesOf(dcId, 'k7m2p4')).toEqual(['8.8.4.4']);
  });

  test.each([
    ['k7m2p', '8.8.4.4'],
    ['K7M2P4', '8.8.4.4'],
    ['k7m2p4x', '8.8.4.4'],
    ['*.m2p4', '8.8.4.4'],
    ['k7m2p4', undefined],
    ['k7m2p4', '10.0.0.7'],
    ['k7m2p4', '169.254.169.254'],
    ['k7m2p4', '127.0.0.1'],
    ['k7m2p4', '2001:db8::1'],
    ['k7m2p4', 'example.org'],
  ])('cannot be %p at %p', async (slug, address) => {
    const { agent, dcId } = await gateways.registered();
    const before = gateways.zone.requests.length;
    await expect(agent.createName(dcId, slug, address)).rejects.toMatchObject({ code: 'INVALID' });
    expect(gateways.zone.requests).toHaveLength(before);
    expect(await gateways.rowsOf(dcId)).toEqual([]);
  });

  test('is one of as many as the operator allows; deleting is always allowed', async () => {
    const { agent, dcId } = await gateways.registered();
    const slugs = Array.from({ length: MOST_NAMES }, (_, index) => `name${index}0`);
    for (const slug of slugs) await agent.createName(dcId, slug, '8.8.4.4');
    await expect(agent.createName(dcId, 'toomny', '8.8.4.4')).rejects.toMatchObject({ reason: 'DNS_LIMIT' });
    expect(gateways.addressesOf(dcId, 'toomny')).toEqual([]);
    expect(await gateways.rowsOf(dcId)).toHaveLength(MOST_NAMES);
    await agent.createName(dcId, slugs[0] as string, '8.8.8.8');
    await agent.deleteName(dcId, 'nevers');
    await agent.deleteName(dcId, slugs[0] as string);
    await agent.createName(dcId, 'toomny', '8.8.4.4');
  });
});

describe('an answer to a challenge', () => {
  test('stands under the name that authorities look at; the two newest are kept', async () => {
    const { dcId, credentials } = await gateways.registered();
    const [first, second, third] = [newTxt(), newTxt(), newTxt()];
    expect(await gateways.update(credentials, first)).toEqual({ txt: first });
    expect(await gateways.update(credentials, second)).toEqual({ txt: second });
    expect(gateways.textsOf(dcId)).toEqual([first, second].sort());
    expect(await gateways.update(credentials, third)).toEqual({ txt: third });
    expect(gateways.textsOf(dcId)).toEqual([second, third].sort());
    // A repeat counts as the newest.
    await gateways.update(credentials, second);
    await gateways.update(credentials, first);
    expect(gateways.textsOf(dcId)).toEqual([first, second].sort());
  });

  test('and another one of the same moment are both there', async () => {
    const { dcId, credentials } = await gateways.registered();
    const values = [newTxt(), newTxt()];
    await Promise.all(values.map((txt) => gateways.update(credentials, txt)));
    expect(gateways.textsOf(dcId)).toEqual(values.sort());
  });

  test('is taken from nobody else', async () => {
    const { dcId, credentials } = await gateways.registered();
    const other = (await gateways.registered()).credentials;
    const txt = newTxt();
    const wrong: [object, string][] = [
      [{ 'x-api-user': undefined }, 'UNAUTHENTICATED'],
      [{ 'x-api-key': undefined }, 'UNAUTHENTICATED'],
      [{ 'x-api-user': 'me' }, 'INVALID'],
      [{ 'x-api-user': crypto.randomUUID() }, 'UNAUTHENTICATED'],
      [{ 'x-api-key': `${credentials.acmeDnsPassword.slice(1)}A` }, 'UNAUTHENTICATED'],
      [{ 'x-api-key': other.acmeDnsPassword }, 'UNAUTHENTICATED'],
      // Right in itself, but for another subdomain.
      [{ 'x-api-user': other.acmeDnsUsername, 'x-api-key': other.acmeDnsPassword }, 'UNAUTHENTICATED'],
    ];
    const before = gateways.zone.requests.length;
    for (const [headers, code] of wrong) {
      await expect(gateways.update(credentials, txt, headers)).rejects.toMatchObject({ code });
    }
    await expect(gateways.update(credentials, `${txt}"`)).rejects.toMatchObject({ code: 'INVALID' });
    expect(gateways.zone.requests).toHaveLength(before);
    expect(gateways.textsOf(dcId)).toEqual([]);
    expect(await gateways.update(credentials, txt)).toEqual({ txt });
  });

  test('that the zone did not take is refused, and comes with the next one', async () => {
    const { dcId, credentials } = await gateways.registered();
    const [first, second] = [newTxt(), newTxt()];
    gateways.zone.misbehave({ action: 'rate-limit', retryAfterSeconds: 60 });
    await expect(gateways.update(credentials, first)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(gateways.textsOf(dcId)).toEqual([]);
    gateways.zone.behave();
    await gateways.update(credentials, second);
    expect(gateways.textsOf(dcId)).toEqual([first, second].sort());
  });
});

describe('without a zone', () => {
  const bare = Stage.forFile(() => ({ CF_API_TOKEN: '', CF_ZONE_ID: '', CF_DOMAIN: '' }));

  test('everything says what has to be set, and nothing is written', async () => {
    const provider = hex64();
    const agent = await PollingAgent.join(bare, provider, (await bare.pool(provider)).poolId);
    const refusal = {
      code: 'PRECONDITION',
      reason: 'DNS_NOT_CONFIGURED',
      message: expect.stringContaining('CF_API_TOKEN, CF_ZONE_ID and CF_DOMAIN'),
    };
    await expect(agent.registerGateway('dc-lk')).rejects.toMatchObject(refusal);
    await expect(agent.createName('dc-lk', 'k7m2p4', '8.8.4.4')).rejects.toMatchObject(refusal);
    await expect(agent.deleteName('dc-lk', 'k7m2p4')).rejects.toMatchObject(refusal);
    expect(await bare.query('select 1 from dc_gateway union all select 1 from dns_record')).toEqual([]);
  });

  test('half of what it needs stops the start', async () => {
    await bare.service.stop();
    await expect(bare.startService({ CF_API_TOKEN: 'secret-token' })).rejects.toThrow(
      /CF_ZONE_ID: must be set[\s\S]*CF_DOMAIN: must be set/,
    );
    await expect(bare.startService({ CF_API_TOKEN: 'secret-token' })).rejects.not.toThrow(/secret-token/);
    await bare.startService();
  });
});
