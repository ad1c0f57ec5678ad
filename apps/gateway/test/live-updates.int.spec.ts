import { printExactJson } from '@decent-cloud/kernel';
import { type FactInput, facts } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { Reader } from './live/event-reader.ts';
import { ALICE, alice, BOB, bob, LiveStage, refundEvent } from './live/stage.ts';
import { keyPair, send } from './send.ts';

const BIG = 9_007_199_254_740_993n;
const stage = LiveStage.forEachTest();

describe('live updates', () => {
  it('show what concerns the caller, exactly, and nothing else', async () => {
    const reader = await Reader.open(stage.gateway.port, { as: alice });
    expect(reader.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(reader.response.headers.get('x-request-id')).not.toBeNull();
    await eventually(() => reader.text.includes('retry: '));
    await stage.refund(BOB, 1n);
    await stage.refund(ALICE, BIG);
    await stage.say(facts.rentalCharged, {
      contractId: 'c'.repeat(64),
      accountId: ALICE,
      amountE9s: 1n,
      currency: 'USD',
      atNs: 1n,
    });
    await stage.refund(ALICE, 2n);
    await eventually(() => reader.named().length >= 2);
    expect(reader.named()).toEqual([refundEvent(BIG), refundEvent(2n)]);
    await eventually(() => reader.text.includes(': keep-alive'));
    reader.close();
  });

  it('come to the key of a party, too', async () => {
    const sample = facts.contractStatusChanged.sample as FactInput<typeof facts.contractStatusChanged>;
    const stranger = keyPair();
    const reader = await Reader.open(stage.gateway.port, { as: stranger });
    await stage.say(facts.contractStatusChanged, { ...sample, providerPublicKey: stranger.publicKeyHex });
    await eventually(() => reader.named().some((event) => event.startsWith('contract-status ')));
    reader.close();
  });

  it('show the steps of a rental to both of its parties, exactly, and to nobody else', async () => {
    const sample = facts.contractStepsChanged.sample as FactInput<typeof facts.contractStepsChanged>;
    const stranger = await Reader.open(stage.gateway.port, { as: keyPair() });
    const readers = [
      await Reader.open(stage.gateway.port, { as: alice }),
      await Reader.open(stage.gateway.port, { as: bob }),
    ];
    await eventually(() => [stranger, ...readers].every(({ text }) => text.includes('retry: ')));
    await stage.say(facts.contractStepsChanged, {
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

  it('survive a restart of the broker', async () => {
    const reader = await Reader.open(stage.gateway.port, { as: alice });
    await eventually(() => reader.text.includes('retry: '));
    await stage.world.nats.kill('SIGKILL');
    await stage.world.nats.startAgain();
    await eventually(async () => {
      await stage.refund(ALICE, 7n);
      return true;
    });
    await eventually(() => reader.named().includes(refundEvent(7n)));
    expect(reader.named().filter((event) => event.startsWith('reset'))).toEqual([]);
    reader.close();
    expect(stage.world.errorLines()).toEqual([]);
  }, 20_000);

  it('end when the key is disabled, which is refused everywhere from then on', async () => {
    expect((await send(stage.gateway.port, { path: '/api/v1/notes/me', as: alice })).status).toBe(200);
    const reader = await Reader.open(stage.gateway.port, { as: alice });
    const others = await Reader.open(stage.gateway.port, { as: bob });
    await eventually(() => reader.text.includes('retry: '));
    stage.world.owners.set(alice.publicKeyHex, { status: 'disabled', accountId: ALICE });
    await stage.say(facts.keyDisabled, { accountId: ALICE, publicKey: alice.publicKeyHex, atNs: 1n });
    await eventually(() => reader.ended);
    expect(reader.named()).toEqual([`key-disabled {"publicKey":"${alice.publicKeyHex}"}`]);
    const refused = await send(stage.gateway.port, { path: '/api/v1/notes/me', as: alice });
    expect([refused.status, refused.json.code]).toEqual([401, 'KEY_DISABLED']);
    expect(others.ended).toBe(false);
    others.close();
  });

  it('follow a key that gets its account while the stream is open', async () => {
    const fresh = keyPair();
    const reader = await Reader.open(stage.gateway.port, { as: fresh });
    await eventually(() => reader.text.includes('retry: '));
    const accountId = 'd'.repeat(32);
    await stage.say(facts.accountRegistered, {
      accountId,
      username: 'fresh',
      publicKey: fresh.publicKeyHex,
      atNs: 1n,
    });
    await stage.refund(accountId, 9n);
    await eventually(() => reader.named().includes(refundEvent(9n)));
    reader.close();
  });
});
