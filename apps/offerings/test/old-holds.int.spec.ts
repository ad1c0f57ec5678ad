import { uuidV7 } from '@decent-cloud/kernel';
import { requests } from '@decent-cloud/messages';
import { answerRequests, eventually } from '@decent-cloud/testing';
import { DropOldHolds } from '../src/stock/drop-old-holds.ts';
import { HOUR, NOW, RunningOfferings, user } from './running-offerings.ts';

const offerings = RunningOfferings.forFile();

describe('old holds', () => {
  const sweep = () => offerings.service.get<DropOldHolds>(DropOldHolds).sweep(offerings.now);
  afterEach(() => {
    offerings.now = NOW;
  });

  it('stay while nobody says that their contract is not there', async () => {
    const id = await offerings.create(user());
    await offerings.hold(id);
    offerings.now = NOW + 2n * HOUR;
    await expect(sweep()).rejects.toMatchObject({ reason: 'SERVICE_UNAVAILABLE' });
    expect(await offerings.living(id)).toBe(1);
  });

  it('go when no living contract has them, and only then', async () => {
    const id = await offerings.create(user(), { stock_total: 450 });
    const holdIds = Array.from({ length: 420 }, (_, index) => uuidV7(NOW + BigInt(index)));
    for (const holdId of holdIds) await offerings.hold(id, { holdId, untilNs: NOW + HOUR });
    const young = uuidV7(NOW);
    await offerings.hold(id, { holdId: young, untilNs: NOW + 3n * HOUR });
    const keeps = new Set(holdIds.filter((_, index) => index % 3 === 0));
    const played = answerRequests(offerings.connection, requests.livingHolds, ({ body }) => ({
      living: body.holdIds.filter((holdId) => keeps.has(holdId)),
    }));
    offerings.now = NOW + 2n * HOUR;
    await eventually(async () => {
      await sweep();
      return true;
    });
    const rows = await offerings.service.database.query<{ hold_id: string }>(
      'select hold_id from stock_hold where offering_db_id = $1 and released_at_ns is null',
      [id],
    );
    expect(new Set(rows.map((row) => row.hold_id))).toEqual(new Set([...keeps, young]));
    const asked = played.received.length;
    expect(asked).toBeGreaterThan(2);
    await sweep();
    expect(played.received).toHaveLength(asked);
    played.stop();
  }, 60_000);

  it('stay when their rental is asked for again in between', async () => {
    const id = await offerings.create(user());
    const renterPublicKey = user().publicKey;
    const holdId = uuidV7(NOW);
    await offerings.hold(id, { holdId, renterPublicKey, untilNs: NOW + HOUR });
    offerings.now = NOW + 2n * HOUR;
    const again = { holdId, renterPublicKey, untilNs: NOW + 3n * HOUR };
    let timesAsked = 0;
    const played = answerRequests(offerings.connection, requests.livingHolds, async ({ body }) => {
      if (body.holdIds.includes(holdId)) {
        timesAsked++;
        await offerings.hold(id, again);
      }
      return { living: [] };
    });
    await eventually(async () => {
      await sweep();
      return true;
    });
    expect(timesAsked).toBe(1);
    expect(await offerings.living(id)).toBe(1);
    offerings.now = NOW + 4n * HOUR;
    played.stop();
    const nobody = answerRequests(offerings.connection, requests.livingHolds, () => ({ living: [] }));
    await eventually(async () => {
      await sweep();
      return true;
    });
    expect(await offerings.living(id)).toBe(0);
    nobody.stop();
  });

  it('that were given back are forgotten after a month', async () => {
    const holdId = uuidV7(NOW);
    await offerings.ask(requests.releaseStock, { body: { holdId } });
    const known = async () =>
      (await offerings.service.database.query('select 1 from stock_hold where hold_id = $1', [holdId]))
        .length;
    const played = answerRequests(offerings.connection, requests.livingHolds, ({ body }) => ({
      living: body.holdIds,
    }));
    offerings.now = NOW + 29n * 24n * HOUR;
    await sweep();
    expect(await known()).toBe(1);
    offerings.now = NOW + 31n * 24n * HOUR;
    await sweep();
    expect(await known()).toBe(0);
    played.stop();
  });
});
