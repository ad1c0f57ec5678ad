import { printExactJson } from '@decent-cloud/kernel';
import { type FactDeclaration, type FactInput, facts } from '@decent-cloud/messages';
import { eventually, sayFact } from '@decent-cloud/testing';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { RunningGateway } from '../src/start-gateway.ts';
import { type Answered, keyPair, type SendOptions, send, sign, World } from './world.ts';

const ALICE = 'a'.repeat(32);
const BOB = 'b'.repeat(32);
const alice = keyPair();
const bob = keyPair();
const EVENTS = '/api/v1/events';

interface Event {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
}

/** A reader of server-sent events, kept simple. */
class Reader {
  readonly events: Event[] = [];
  text = '';
  ended = false;
  readonly abort = new AbortController();
  private constructor(readonly response: Response) {}

  static async open(port: number, options: Partial<SendOptions> & { lastId?: string } = {}): Promise<Reader> {
    const path = options.path ?? EVENTS;
    const headers = options.as ? sign(port, { ...options, path }) : {};
    const abort = new AbortController();
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: {
        ...headers,
        ...options.headers,
        ...(options.lastId !== undefined && { 'last-event-id': options.lastId }),
      },
      signal: abort.signal,
    });
    const reader = new Reader(response);
    abort.signal.addEventListener('abort', () => reader.abort.abort());
    reader.close = () => abort.abort();
    if (response.ok) void reader.read();
    return reader;
  }

  close: () => void = () => undefined;

  named(): string[] {
    return this.events.filter(({ event }) => event).map(({ event, data }) => `${event} ${data}`);
  }

  get lastId(): string {
    return this.events.findLast(({ id }) => id)?.id ?? '';
  }

  private async read(): Promise<void> {
    try {
      const pieces = this.response.body?.pipeThrough(new TextDecoderStream()) as
        | AsyncIterable<string>
        | undefined;
      for await (const piece of pieces ?? []) {
        this.text += piece;
        const blocks = this.text.split('\n\n');
        this.events.length = 0;
        for (const block of blocks.slice(0, -1)) {
          const fields = block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2));
          this.events.push(Object.fromEntries(fields) as Event);
        }
      }
    } catch (error) {
      if ((error as Error).name !== 'AbortError') throw error;
    } finally {
      this.ended = true;
    }
  }
}

let world: World;
let gateway: RunningGateway;
let manager: JetStreamManager;

beforeEach(async () => {
  world = await World.start();
  world.owners.set(alice.publicKeyHex, { status: 'active', accountId: ALICE });
  world.owners.set(bob.publicKeyHex, { status: 'active', accountId: BOB });
  manager = await jetstreamManager(world.bus);
  gateway = await world.gateway({ SSE_STREAMS_PER_KEY: '3', SSE_KEEP_ALIVE_SECS: '1' });
  await ready(gateway);
});
afterEach(() => world?.stop());

/** Until live updates are served. */
const ready = (at: RunningGateway) =>
  eventually(async () => {
    const probe = await Reader.open(at.port, { as: keyPair() });
    probe.close();
    return probe.response.status === 200;
  });
const say = async <F extends FactDeclaration>(fact: F, payload: FactInput<F>): Promise<number> =>
  (await sayFact(world.bus, fact, payload)).seq;
const refund = (accountId: string, amountE9s: bigint) =>
  say(facts.refundIssued, { contractId: 'c'.repeat(64), accountId, amountE9s, currency: 'USD', atNs: 1n });
const refundEvent = (amount: bigint) =>
  `refund-issued {"contract_id":"${'c'.repeat(64)}","amount_e9s":${amount},"currency":"USD"}`;
const BIG = 9_007_199_254_740_993n;

describe('live updates', () => {
  it('show what concerns the caller, exactly, and nothing else', async () => {
    const reader = await Reader.open(gateway.port, { as: alice });
    expect(reader.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(reader.response.headers.get('x-request-id')).not.toBeNull();
    await eventually(() => reader.text.includes('retry: '));
    await refund(BOB, 1n);
    await refund(ALICE, BIG);
    await say(facts.rentalCharged, {
      contractId: 'c'.repeat(64),
      accountId: ALICE,
      amountE9s: 1n,
      currency: 'USD',
      atNs: 1n,
    });
    await refund(ALICE, 2n);
    await eventually(() => reader.named().length >= 2);
    expect(reader.named()).toEqual([refundEvent(BIG), refundEvent(2n)]);
    await eventually(() => reader.text.includes(': keep-alive'));
    reader.close();
  });

  it('come to the key of a party, too', async () => {
    const sample = facts.contractStatusChanged.sample as FactInput<typeof facts.contractStatusChanged>;
    const stranger = keyPair();
    const reader = await Reader.open(gateway.port, { as: stranger });
    await say(facts.contractStatusChanged, { ...sample, providerPublicKey: stranger.publicKeyHex });
    await eventually(() => reader.named().some((event) => event.startsWith('contract-status ')));
    reader.close();
  });

  it('show the steps of a rental to both of its parties, exactly, and to nobody else', async () => {
    const sample = facts.contractStepsChanged.sample as FactInput<typeof facts.contractStepsChanged>;
    const stranger = await Reader.open(gateway.port, { as: keyPair() });
    const readers = [
      await Reader.open(gateway.port, { as: alice }),
      await Reader.open(gateway.port, { as: bob }),
    ];
    await eventually(() => [stranger, ...readers].every(({ text }) => text.includes('retry: ')));
    await say(facts.contractStepsChanged, {
      ...sample,
      requesterAccountId: ALICE,
      providerPublicKey: bob.publicKeyHex,
      providerAccountId: undefined,
    });
    const [step] = sample.steps;
    const shown = printExactJson({
      contract_id: sample.contractId,
      status: sample.status,
      as_of_ns: sample.atNs,
      steps: [step],
    });
    for (const reader of readers) {
      await eventually(() => reader.named().length > 0);
      expect(reader.named()).toEqual([`contract-steps ${shown}`]);
    }
    expect(shown).toContain('"startedAtNs":1795414881239669000,');
    expect(stranger.named()).toEqual([]);
    for (const reader of [stranger, ...readers]) reader.close();
  });

  it('go on after a break without a gap and without repeats', async () => {
    const reader = await Reader.open(gateway.port, { as: alice });
    await refund(ALICE, 1n);
    await eventually(() => reader.named().length === 1);
    const lastId = reader.lastId;
    expect(Number.parseInt(lastId, 10)).toBe((await manager.streams.info('FACTS')).state.last_seq);
    reader.close();
    await refund(ALICE, 2n);
    await refund(BOB, 3n);
    await refund(ALICE, 4n);
    const again = await Reader.open(gateway.port, { as: alice, lastId });
    await eventually(() => again.named().length >= 2);
    await refund(ALICE, 5n);
    await eventually(() => again.named().length >= 3);
    expect(again.named()).toEqual([2n, 4n, 5n].map(refundEvent));
    again.close();
    // By query, as browsers do; and by the bare sequence.
    const bare = lastId.split('-')[0];
    const byQuery = await Reader.open(gateway.port, { as: alice, path: `${EVENTS}?last_event_id=${bare}` });
    await eventually(() => byQuery.named().length >= 3);
    expect(byQuery.named()).toEqual([2n, 4n, 5n].map(refundEvent));
    byQuery.close();
  });

  it('go on at another gateway that knows nothing of before, while more comes', async () => {
    const reader = await Reader.open(gateway.port, { as: alice });
    await refund(ALICE, 1n);
    await eventually(() => reader.named().length === 1);
    const { lastId } = reader;
    reader.close();
    for (let amount = 2n; amount <= 700n; amount++) await refund(amount % 2n === 0n ? ALICE : BOB, amount);
    const other = await world.gateway();
    await ready(other);
    const opening = Reader.open(other.port, { as: alice, lastId });
    await refund(ALICE, 702n);
    const again = await opening;
    await refund(ALICE, 704n);
    await eventually(() => again.named().length >= 352);
    const expected = Array.from({ length: 352 }, (_, index) => refundEvent(2n + 2n * BigInt(index)));
    expect(again.named()).toEqual(expected);
    again.close();
    await eventually(async () => {
      const names = await manager.consumers.list('FACTS').next();
      return names.every(({ name }) => !name.includes('-gap'));
    });
  });

  it('come whole after a gap that no connection takes at once, from what is kept and from the stream', async () => {
    const sample = facts.contractStepsChanged.sample as FactInput<typeof facts.contractStepsChanged>;
    const [step] = sample.steps;
    const reader = await Reader.open(gateway.port, { as: alice });
    await refund(ALICE, 1n);
    await eventually(() => reader.named().length === 1);
    const { lastId } = reader;
    reader.close();
    const missed = 150;
    for (let atNs = 1n; atNs <= missed; atNs++) {
      await say(facts.contractStepsChanged, {
        ...sample,
        requesterAccountId: ALICE,
        atNs,
        steps: Array.from({ length: 24 }, () => step as NonNullable<typeof step>),
      });
    }
    const other = await world.gateway();
    await ready(other);
    for (const { port } of [gateway, other]) {
      const again = await Reader.open(port, { as: alice, lastId });
      await eventually(() => again.ended || again.named().length >= missed);
      expect(again.text.length).toBeGreaterThan(512 * 1024);
      const order = again.named().map((event) => Number(/"as_of_ns":(\d+)/.exec(event)?.[1]));
      expect(order).toEqual(Array.from({ length: missed }, (_, index) => index + 1));
      again.close();
    }
  }, 20_000);

  it('say `reset` when the past is gone or the stream is another one, and go on', async () => {
    const early = await refund(ALICE, 1n);
    const last = await refund(ALICE, 2n);
    await manager.streams.purge('FACTS', { seq: last + 1 });
    const other = await world.gateway();
    await ready(other);
    const gone = await Reader.open(other.port, { as: alice, lastId: String(early - 1) });
    await eventually(() => gone.named().includes('reset {"reason":"changes may be missing"}'));
    await refund(ALICE, 3n);
    await eventually(() => gone.named().includes(refundEvent(3n)));
    const { lastId } = gone;
    gone.close();

    const open = await Reader.open(other.port, { as: alice });
    await manager.streams.delete('FACTS');
    await world.makeFacts();
    await eventually(() => open.named().some((event) => event.startsWith('reset ')));
    await refund(ALICE, 4n);
    await eventually(() => open.named().includes(refundEvent(4n)));
    open.close();
    const afterwards = await Reader.open(other.port, { as: alice, lastId });
    await eventually(() => afterwards.named().some((event) => event.startsWith('reset ')));
    afterwards.close();
  });

  it('survive a restart of the broker', async () => {
    const reader = await Reader.open(gateway.port, { as: alice });
    await eventually(() => reader.text.includes('retry: '));
    await world.nats.kill('SIGKILL');
    await world.nats.startAgain();
    await eventually(async () => {
      await refund(ALICE, 7n);
      return true;
    });
    await eventually(() => reader.named().includes(refundEvent(7n)));
    expect(reader.named().filter((event) => event.startsWith('reset'))).toEqual([]);
    reader.close();
    expect(world.errorLines()).toEqual([]);
  }, 20_000);

  it('end when the key is disabled, which is refused everywhere from then on', async () => {
    expect((await send(gateway.port, { path: '/api/v1/notes/me', as: alice })).status).toBe(200);
    const reader = await Reader.open(gateway.port, { as: alice });
    const others = await Reader.open(gateway.port, { as: bob });
    await eventually(() => reader.text.includes('retry: '));
    world.owners.set(alice.publicKeyHex, { status: 'disabled', accountId: ALICE });
    await say(facts.keyDisabled, { accountId: ALICE, publicKey: alice.publicKeyHex, atNs: 1n });
    await eventually(() => reader.ended);
    expect(reader.named()).toEqual([`key-disabled {"publicKey":"${alice.publicKeyHex}"}`]);
    const refused = await send(gateway.port, { path: '/api/v1/notes/me', as: alice });
    expect([refused.status, refused.json.code]).toEqual([401, 'KEY_DISABLED']);
    expect(others.ended).toBe(false);
    others.close();
  });

  it('follow a key that gets its account while the stream is open', async () => {
    const fresh = keyPair();
    const reader = await Reader.open(gateway.port, { as: fresh });
    await eventually(() => reader.text.includes('retry: '));
    const accountId = 'd'.repeat(32);
    await say(facts.accountRegistered, {
      accountId,
      username: 'fresh',
      publicKey: fresh.publicKeyHex,
      atNs: 1n,
    });
    await refund(accountId, 9n);
    await eventually(() => reader.named().includes(refundEvent(9n)));
    reader.close();
  });
});

describe('opening the stream', () => {
  it('takes a ticket once, at any gateway', async () => {
    const other = await world.gateway();
    await ready(other);
    const issued = await send(gateway.port, { method: 'POST', path: `${EVENTS}/ticket`, as: alice });
    const { ticket } = issued.json.data as { ticket: string };
    const path = `${EVENTS}?ticket=${ticket}`;
    const reader = await Reader.open(other.port, { path });
    expect(reader.response.status).toBe(200);
    await refund(ALICE, 1n);
    await eventually(() => reader.named().length === 1);
    reader.close();
    for (const again of [gateway, other]) {
      const refused = await send(again.port, { path });
      expect([refused.status, refused.json.code]).toEqual([401, 'SIGNATURE_INVALID']);
    }
    const unknown = await send(gateway.port, { path: `${EVENTS}?ticket=made-up` });
    expect(unknown.status).toBe(401);
  });

  it('takes the signature as query, once', async () => {
    const headers = sign(gateway.port, { path: EVENTS, as: alice });
    const query = new URLSearchParams({
      pubkey: headers['X-Public-Key'] ?? '',
      signature: headers['X-Signature'] ?? '',
      timestamp: headers['X-Timestamp'] ?? '',
      nonce: headers['X-Nonce'] ?? '',
    });
    const path = `${EVENTS}?${query}`;
    const reader = await Reader.open(gateway.port, { path });
    expect(reader.response.status).toBe(200);
    reader.close();
    expect((await send(gateway.port, { path })).json.code).toBe('SIGNATURE_REPLAYED');
    const half = await send(gateway.port, { path: `${EVENTS}?pubkey=${alice.publicKeyHex}` });
    expect(half.json.error).toBe('Missing required header: X-Signature or signature query param');
  });

  it('is refused beyond the limit for a key, and for ids of no stream', async () => {
    const open = [];
    for (let index = 0; index < 3; index++) open.push(await Reader.open(gateway.port, { as: bob }));
    const refused = await send(gateway.port, { path: EVENTS, as: bob });
    expect([refused.status, refused.json.code]).toEqual([429, 'RATE_LIMITED']);
    for (const reader of open) reader.close();
    await eventually(async () => {
      const reader = await Reader.open(gateway.port, { as: bob });
      reader.close();
      return reader.response.status === 200;
    });
    const bad = await send(gateway.port, { path: EVENTS, as: alice, headers: { 'last-event-id': 'abc' } });
    expect([bad.status, bad.json.code]).toEqual([400, 'INVALID_INPUT']);
  });

  it('leaves places for people: few for keys without an account, and not all for one address', async () => {
    const small = await world.gateway({
      TRUSTED_PROXIES: '127.0.0.1',
      SSE_STREAMS_PER_ADDRESS: '4',
      SSE_STREAMS_PER_KEY_WITHOUT_ACCOUNT: '1',
      SSE_STREAMS_PER_ADDRESS_WITHOUT_ACCOUNT: '2',
    });
    await ready(small);
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
    const reader = await Reader.open(gateway.port, { as: alice });
    await eventually(() => reader.text.includes('retry: '));
    await gateway.stop();
    await eventually(() => reader.ended);
    expect(reader.text).toContain(': this gateway is ending: come back');
  });
});
