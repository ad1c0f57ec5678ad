import { type FactInput, facts } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { EVENTS, Reader } from './live/event-reader.ts';
import { ALICE, alice, BOB, LiveStage, refundEvent } from './live/stage.ts';

const stage = LiveStage.forEachTest();

describe('live updates', () => {
  it('go on after a break without a gap and without repeats', async () => {
    const reader = await Reader.open(stage.gateway.port, { as: alice });
    await stage.refund(ALICE, 1n);
    await eventually(() => reader.named().length === 1);
    const lastId = reader.lastId;
    expect(Number.parseInt(lastId, 10)).toBe((await stage.manager.streams.info('FACTS')).state.last_seq);
    reader.close();
    await stage.refund(ALICE, 2n);
    await stage.refund(BOB, 3n);
    await stage.refund(ALICE, 4n);
    const again = await Reader.open(stage.gateway.port, { as: alice, lastId });
    await eventually(() => again.named().length >= 2);
    await stage.refund(ALICE, 5n);
    await eventually(() => again.named().length >= 3);
    expect(again.named()).toEqual([2n, 4n, 5n].map(refundEvent));
    again.close();
    // By query, as browsers do; and by the bare sequence.
    const bare = lastId.split('-')[0];
    const byQuery = await Reader.open(stage.gateway.port, {
      as: alice,
      path: `${EVENTS}?last_event_id=${bare}`,
    });
    await eventually(() => byQuery.named().length >= 3);
    expect(byQuery.named()).toEqual([2n, 4n, 5n].map(refundEvent));
    byQuery.close();
  });

  it('go on at another gateway that knows nothing of before, while more comes', async () => {
    const reader = await Reader.open(stage.gateway.port, { as: alice });
    await stage.refund(ALICE, 1n);
    await eventually(() => reader.named().length === 1);
    const { lastId } = reader;
    reader.close();
    for (let amount = 2n; amount <= 700n; amount++)
      await stage.refund(amount % 2n === 0n ? ALICE : BOB, amount);
    const other = await stage.other();
    const opening = Reader.open(other.port, { as: alice, lastId });
    await stage.refund(ALICE, 702n);
    const again = await opening;
    await stage.refund(ALICE, 704n);
    await eventually(() => again.named().length >= 352);
    const expected = Array.from({ length: 352 }, (_, index) => refundEvent(2n + 2n * BigInt(index)));
    expect(again.named()).toEqual(expected);
    again.close();
    await eventually(async () => {
      const names = await stage.manager.consumers.list('FACTS').next();
      return names.every(({ name }) => !name.includes('-gap'));
    });
  });

  it('come whole after a gap that no connection takes at once, from what is kept and from the stream', async () => {
    const sample = facts.contractStepsChanged.sample as FactInput<typeof facts.contractStepsChanged>;
    const [step] = sample.steps;
    const reader = await Reader.open(stage.gateway.port, { as: alice });
    await stage.refund(ALICE, 1n);
    await eventually(() => reader.named().length === 1);
    const { lastId } = reader;
    reader.close();
    const missed = 150;
    for (let atNs = 1n; atNs <= missed; atNs++) {
      await stage.say(facts.contractStepsChanged, {
        ...sample,
        requesterAccountId: ALICE,
        atNs,
        steps: Array.from({ length: 24 }, () => step as NonNullable<typeof step>),
      });
    }
    const other = await stage.other();
    for (const { port } of [stage.gateway, other]) {
      const again = await Reader.open(port, { as: alice, lastId });
      await eventually(() => again.ended || again.named().length >= missed);
      expect(again.text.length).toBeGreaterThan(512 * 1024);
      const order = again.named().map((event) => Number(/"as_of_ns":(\d+)/.exec(event)?.[1]));
      expect(order).toEqual(Array.from({ length: missed }, (_, index) => index + 1));
      again.close();
    }
  }, 20_000);

  it('say `reset` when the past is gone or the stream is another one, and go on', async () => {
    const early = await stage.refund(ALICE, 1n);
    const last = await stage.refund(ALICE, 2n);
    await stage.manager.streams.purge('FACTS', { seq: last + 1 });
    const other = await stage.other();
    const gone = await Reader.open(other.port, { as: alice, lastId: String(early - 1) });
    await eventually(() => gone.named().includes('reset {"reason":"changes may be missing"}'));
    await stage.refund(ALICE, 3n);
    await eventually(() => gone.named().includes(refundEvent(3n)));
    const { lastId } = gone;
    gone.close();

    const open = await Reader.open(other.port, { as: alice });
    await stage.manager.streams.delete('FACTS');
    await stage.world.makeFacts();
    await eventually(() => open.named().some((event) => event.startsWith('reset ')));
    await stage.refund(ALICE, 4n);
    await eventually(() => open.named().includes(refundEvent(4n)));
    open.close();
    const afterwards = await Reader.open(other.port, { as: alice, lastId });
    await eventually(() => afterwards.named().some((event) => event.startsWith('reset ')));
    afterwards.close();
  });
});
