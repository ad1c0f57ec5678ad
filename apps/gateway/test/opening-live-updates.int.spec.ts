import { eventually } from '@decent-cloud/testing';
import { EVENTS, Reader } from './live/event-reader.ts';
import { ALICE, alice, bob, LiveStage } from './live/stage.ts';
import { type Answered, keyPair, send, sign } from './send.ts';

const stage = LiveStage.forEachTest();

describe('opening the stream', () => {
  it('takes a ticket once, at any gateway', async () => {
    const other = await stage.other();
    const issued = await send(stage.gateway.port, { method: 'POST', path: `${EVENTS}/ticket`, as: alice });
    const { ticket } = issued.json.data as { ticket: string };
    const path = `${EVENTS}?ticket=${ticket}`;
    const reader = await Reader.open(other.port, { path });
    expect(reader.response.status).toBe(200);
    await stage.refund(ALICE, 1n);
    await eventually(() => reader.named().length === 1);
    reader.close();
    for (const again of [stage.gateway, other]) {
      const refused = await send(again.port, { path });
      expect([refused.status, refused.json.code]).toEqual([401, 'SIGNATURE_INVALID']);
    }
    const unknown = await send(stage.gateway.port, { path: `${EVENTS}?ticket=made-up` });
    expect(unknown.status).toBe(401);
  });

  it('takes the signature as query, once', async () => {
    const headers = sign(stage.gateway.port, { path: EVENTS, as: alice });
    const query = new URLSearchParams({
      pubkey: headers['X-Public-Key'] ?? '',
      signature: headers['X-Signature'] ?? '',
      timestamp: headers['X-Timestamp'] ?? '',
      nonce: headers['X-Nonce'] ?? '',
    });
    const path = `${EVENTS}?${query}`;
    const reader = await Reader.open(stage.gateway.port, { path });
    expect(reader.response.status).toBe(200);
    reader.close();
    expect((await send(stage.gateway.port, { path })).json.code).toBe('SIGNATURE_REPLAYED');
    const half = await send(stage.gateway.port, { path: `${EVENTS}?pubkey=${alice.publicKeyHex}` });
    expect(half.json.error).toBe('Missing required header: X-Signature or signature query param');
  });

  it('is refused beyond the limit for a key, and for ids of no stream', async () => {
    const open = [];
    for (let index = 0; index < 3; index++) open.push(await Reader.open(stage.gateway.port, { as: bob }));
    const refused = await send(stage.gateway.port, { path: EVENTS, as: bob });
    expect([refused.status, refused.json.code]).toEqual([429, 'RATE_LIMITED']);
    for (const reader of open) reader.close();
    await eventually(async () => {
      const reader = await Reader.open(stage.gateway.port, { as: bob });
      reader.close();
      return reader.response.status === 200;
    });
    const bad = await send(stage.gateway.port, {
      path: EVENTS,
      as: alice,
      headers: { 'last-event-id': 'abc' },
    });
    expect([bad.status, bad.json.code]).toEqual([400, 'INVALID_INPUT']);
  });

  it('leaves places for people: few for keys without an account, and not all for one address', async () => {
    const small = await stage.other({
      TRUSTED_PROXIES: '127.0.0.1',
      SSE_STREAMS_PER_ADDRESS: '4',
      SSE_STREAMS_PER_KEY_WITHOUT_ACCOUNT: '1',
      SSE_STREAMS_PER_ADDRESS_WITHOUT_ACCOUNT: '2',
    });
    const readers: Reader[] = [];
    const open = async (as: ReturnType<typeof keyPair>, ip: string) => {
      const reader = await Reader.open(small.port, { as, headers: { 'x-forwarded-for': ip } });
      readers.push(reader);
      const { response } = reader;
      return {
        status: response.status,
        json: response.ok ? {} : ((await response.json()) as Answered['json']),
      };
    };
    const [one, two, three] = [keyPair(), keyPair(), keyPair()];
    const home = '198.51.100.7';
    expect((await open(one, home)).status).toBe(200);
    expect((await open(one, home)).json.error).toBe(
      'At most 1 live streams for a key without an account; register the key for more',
    );
    expect((await open(two, home)).status).toBe(200);
    const refused = await open(three, home);
    expect([refused.status, refused.json.code]).toEqual([429, 'RATE_LIMITED']);
    expect((await open(three, '198.51.100.8')).status).toBe(200);
    for (let index = 0; index < 2; index++) expect((await open(alice, home)).status).toBe(200);
    expect((await open(bob, home)).json.error).toBe('At most 4 live streams for an address');
    expect((await open(bob, '198.51.100.8')).status).toBe(200);
    for (const reader of readers) reader.close();
  });

  it('is ended with a word when the gateway stops', async () => {
    const reader = await Reader.open(stage.gateway.port, { as: alice });
    await eventually(() => reader.text.includes('retry: '));
    await stage.gateway.stop();
    await eventually(() => reader.ended);
    expect(reader.text).toContain(': this gateway is ending: come back');
  });
});
