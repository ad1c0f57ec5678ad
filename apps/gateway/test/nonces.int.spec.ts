import { eventually } from '@decent-cloud/testing';
import { jetstreamManager } from '@nats-io/jetstream';
import type { RunningGateway } from '../src/start-gateway.ts';
import { keyPair, nowNs, type SendOptions, send, sign } from './send.ts';
import { World } from './world.ts';

const S = 1_000_000_000n;
const alice = keyPair();
const PATH = '/api/v1/notes/me';
const world = World.forEachTest();
let first: RunningGateway;
let second: RunningGateway;

beforeEach(async () => {
  world.owners.set(alice.publicKeyHex, { status: 'active', accountId: 'a'.repeat(32) });
  first = await world.gateway();
  second = await world.gateway();
});

const signed = (more: Partial<SendOptions> = {}) => sign(first.port, { path: PATH, as: alice, ...more });
const sendTo = (gateway: RunningGateway, headers: Record<string, string>) =>
  send(gateway.port, { path: PATH, headers });
const codeOf = async (gateway: RunningGateway, headers: Record<string, string>) =>
  (await sendTo(gateway, headers)).json.code ?? 'ok';

describe('a nonce', () => {
  it('passes once over all gateways: of 100 copies at the same time exactly one', async () => {
    const headers = signed();
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) => codeOf(index % 2 === 0 ? first : second, headers)),
    );
    expect(answers.filter((code) => code === 'ok')).toHaveLength(1);
    expect(answers.filter((code) => code === 'SIGNATURE_REPLAYED')).toHaveLength(99);
  });

  it('used at one gateway is refused at another, also by a gateway that starts later', async () => {
    const headers = signed();
    expect(await codeOf(first, headers)).toBe('ok');
    expect(await codeOf(second, headers)).toBe('SIGNATURE_REPLAYED');
    await first.stop();
    const third = await world.gateway();
    expect(await codeOf(third, headers)).toBe('SIGNATURE_REPLAYED');
  });

  it('cannot be used up by somebody without the key', async () => {
    const headers = signed();
    const forged = { ...headers, 'X-Signature': '11'.repeat(64) };
    expect(await codeOf(first, forged)).toBe('SIGNATURE_INVALID');
    expect(await codeOf(first, headers)).toBe('ok');
  });

  it('of one key is free for another', async () => {
    const nonce = globalThis.crypto.randomUUID();
    expect(await codeOf(first, signed({ nonce }))).toBe('ok');
    expect(await codeOf(second, signed({ nonce, as: keyPair() }))).toBe('ok');
  });
});

describe('captured requests', () => {
  /** Some stamped now, some by fast and slow clocks. */
  const captured = async (): Promise<Record<string, string>[]> => {
    const skews = [0n, 0n, 5n, 60n, 200n];
    const all = skews.map((skew) => signed({ timestampNs: nowNs() + skew * S }));
    for (const headers of all) expect(await codeOf(first, headers)).toBe('ok');
    return all;
  };
  const noneAccepted = async (all: Record<string, string>[]): Promise<void> => {
    for (const headers of all) {
      for (const gateway of [second, first, second]) {
        expect(['SIGNATURE_REPLAYED', 'SIGNATURE_EXPIRED']).toContain(await codeOf(gateway, headers));
      }
    }
  };

  it('stay refused when the store is deleted, whichever gateway makes it again', async () => {
    const all = await captured();
    const manager = await jetstreamManager(world.bus);
    await manager.streams.delete('KV_gateway_nonces');
    // The first to come makes a new store, and was itself signed before that; the other one must not go on with what it
    // knew.
    expect(await codeOf(first, signed())).toBe('SIGNATURE_EXPIRED');
    expect(await codeOf(first, signed())).toBe('ok');
    await noneAccepted(all);
    expect(await codeOf(second, signed())).toBe('ok');
  });

  it('stay refused after a restart of the broker', async () => {
    const all = await captured();
    await world.nats.kill('SIGKILL');
    await world.nats.startAgain();
    await eventually(async () => (await codeOf(first, signed())) === 'ok');
    await eventually(async () => (await codeOf(second, signed())) === 'ok');
    await noneAccepted(all);
    expect(world.errorLines()).toEqual([]);
  });

  it('are refused as expired when they are older than the store, with words that say why', async () => {
    const manager = await jetstreamManager(world.bus);
    await manager.streams.delete('KV_gateway_nonces');
    const old = signed({ timestampNs: nowNs() - 100n * S });
    expect(await codeOf(first, signed({ timestampNs: nowNs() + S }))).toBe('ok');
    const answer = await sendTo(second, old);
    expect([answer.status, answer.json.code]).toEqual([401, 'SIGNATURE_EXPIRED']);
    expect(answer.json.error).toBe('Request was signed before the platform restarted: sign it again');
    expect(answer.headers.get('date')).not.toBeNull();
  });
});
