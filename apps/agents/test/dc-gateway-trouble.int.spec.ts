import { type CrashPoints, crash } from '@decent-cloud/kernel';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { GatewayStage } from './gateway-stage.ts';

jest.setTimeout(60_000);
let gateways: GatewayStage;
beforeAll(async () => {
  // What ends in the middle is logged as an error.
  gateways = await GatewayStage.start({ LOG_LEVEL: 'fatal' });
});
afterAll(() => gateways?.stop());
afterEach(() => {
  crash.points = undefined;
  gateways.zone.behave();
});

describe('a zone that fails', () => {
  const brought = (dcId: string, wanted: number) =>
    eventually(async () => (await gateways.rowsOf(dcId)).filter(({ due }) => due !== null).length === wanted);

  test('in the making: told, and what was done all the same is taken back', async () => {
    const { agent, dcId } = await gateways.registered();
    // It is made, the answer is lost, and then nothing can be asked any more.
    gateways.zone.misbehave({ action: 'drop-after', method: 'POST', times: 1 });
    gateways.zone.misbehave({ action: 'rate-limit', method: 'GET', after: 1, retryAfterSeconds: 60 });
    await expect(agent.createName(dcId, 'k7m2p4', '8.8.4.4')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'The DNS service does not answer: try again shortly',
    });
    expect(gateways.addressesOf(dcId, 'k7m2p4')).toEqual(['8.8.4.4']);
    expect(await gateways.rowsOf(dcId)).toMatchObject([{ state: 'removing', due: expect.any(BigInt) }]);
    gateways.zone.behave();
    gateways.stage.advance(20);
    await brought(dcId, 0);
    expect(await gateways.rowsOf(dcId)).toEqual([]);
    expect(gateways.addressesOf(dcId, 'k7m2p4')).toEqual([]);
  });

  test('in the making: whoever asks again at once gets it', async () => {
    const { agent, dcId } = await gateways.registered();
    gateways.zone.misbehave({ action: 'rate-limit', method: 'POST', retryAfterSeconds: 60, times: 1 });
    await expect(agent.createName(dcId, 'k7m2p4', '8.8.4.4')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await agent.createName(dcId, 'k7m2p4', '8.8.4.4');
    gateways.stage.advance(20);
    await brought(dcId, 0);
    expect(gateways.addressesOf(dcId, 'k7m2p4')).toEqual(['8.8.4.4']);
  });

  test('while one is moved: it gets to its new address later', async () => {
    const { agent, dcId } = await gateways.registered();
    await agent.createName(dcId, 'k7m2p4', '8.8.4.4');
    gateways.zone.misbehave({ action: 'rate-limit', method: 'PUT', retryAfterSeconds: 60 });
    await expect(agent.createName(dcId, 'k7m2p4', '8.8.8.8')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(gateways.addressesOf(dcId, 'k7m2p4')).toEqual(['8.8.4.4']);
    gateways.zone.behave();
    gateways.stage.advance(20);
    await brought(dcId, 0);
    expect(gateways.addressesOf(dcId, 'k7m2p4')).toEqual(['8.8.8.8']);
    expect(await gateways.rowsOf(dcId)).toMatchObject([{ state: 'present', address: '8.8.8.8' }]);
  });

  test('while one is deleted: it goes later', async () => {
    const { agent, dcId } = await gateways.registered();
    await agent.createName(dcId, 'k7m2p4', '8.8.4.4');
    gateways.zone.misbehave({ action: 'rate-limit', retryAfterSeconds: 60 });
    await expect(agent.deleteName(dcId, 'k7m2p4')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(gateways.addressesOf(dcId, 'k7m2p4')).toEqual(['8.8.4.4']);
    gateways.stage.advance(20);
    await eventually(async () => (await gateways.stage.metric('dc_dns_records', 'state="removing"')) === 1);
    gateways.zone.behave();
    gateways.stage.advance(60);
    await brought(dcId, 0);
    expect(await gateways.rowsOf(dcId)).toEqual([]);
    expect(gateways.addressesOf(dcId, 'k7m2p4')).toEqual([]);
  });
});

describe('a process that ends between the row and the zone', () => {
  /** What a kill there leaves behind: nothing after the point is done. */
  const endAt = (place: string): string[] => {
    const passed: string[] = [];
    let isOver = false;
    const points: CrashPoints = {
      pass(point) {
        passed.push(point);
        if (isOver || !point.endsWith(place)) return false;
        isOver = true;
        throw new Error(`ended at ${point}`);
      },
      within: (_act, work) => work(),
      nextHere: (where) => (where === place ? `here:${where}` : undefined),
    };
    crash.points = points;
    return passed;
  };

  test.each(['before-dns', 'after-dns'])('%s, in the making: nothing of it stays', async (place) => {
    const { agent, dcId } = await gateways.registered();
    const passed = endAt(place);
    await expect(agent.createName(dcId, 'k7m2p4', '8.8.4.4')).rejects.toThrow(/failed/);
    crash.points = undefined;
    expect(passed).toContain(`here:${place}`);
    expect(await gateways.rowsOf(dcId)).toMatchObject([{ state: 'making' }]);
    expect(gateways.addressesOf(dcId, 'k7m2p4')).toEqual(place === 'after-dns' ? ['8.8.4.4'] : []);
    // Nobody knows yet that it has ended.
    await expect(agent.deleteName(dcId, 'k7m2p4')).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('being written'),
    });
    gateways.stage.advance(11);
    await eventually(async () => (await gateways.rowsOf(dcId)).length === 0);
    expect(gateways.addressesOf(dcId, 'k7m2p4')).toEqual([]);
  });

  test.each(['before-dns', 'after-dns'])('%s, while one is deleted: it is gone', async (place) => {
    const { agent, dcId } = await gateways.registered();
    await agent.createName(dcId, 'k7m2p4', '8.8.4.4');
    endAt(place);
    await expect(agent.deleteName(dcId, 'k7m2p4')).rejects.toThrow(/failed/);
    crash.points = undefined;
    expect(await gateways.rowsOf(dcId)).toMatchObject([{ state: 'removing' }]);
    gateways.stage.advance(11);
    await eventually(async () => (await gateways.rowsOf(dcId)).length === 0);
    expect(gateways.addressesOf(dcId, 'k7m2p4')).toEqual([]);
  });

  test('while one is moved: it is at its new address', async () => {
    const { agent, dcId } = await gateways.registered();
    await agent.createName(dcId, 'k7m2p4', '8.8.4.4');
    endAt('before-dns');
    await expect(agent.createName(dcId, 'k7m2p4', '8.8.8.8')).rejects.toThrow(/failed/);
    crash.points = undefined;
    gateways.stage.advance(11);
    await eventually(async () => (await gateways.rowsOf(dcId)).every(({ due }) => due === null));
    expect(gateways.addressesOf(dcId, 'k7m2p4')).toEqual(['8.8.8.8']);
  });
});
