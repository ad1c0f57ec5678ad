import { generateKeyPair } from '@decent-cloud/identity';
import { type CrashPoints, crash, secondsToNs } from '@decent-cloud/kernel';
import { facts } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { GatewayStage } from './gateway-stage.ts';
import { plainDetails } from './polling-agent.ts';

jest.setTimeout(60_000);
// What ends in the middle is logged as an error.
const gateways = GatewayStage.forFile({ LOG_LEVEL: 'fatal' });
afterEach(() => {
  crash.points = undefined;
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

describe('a contract that is over', () => {
  /** Its machine runs and is found by this name. */
  async function named(slug: string) {
    const { agent, dcId } = await gateways.registered();
    const accepted = gateways.stage.accepted(agent.provider, {
      encryptionPublicKeys: [generateKeyPair().publicKeyHex],
    });
    const { contractId } = accepted;
    await gateways.stage.say(facts.contractAccepted, accepted);
    await agent.seesPending(contractId);
    await agent.lock(contractId);
    await agent.createName(dcId, slug, '8.8.4.4');
    await agent.createName(dcId, 'others', '8.8.4.4');
    const subdomain = gateways.nameOf(dcId, slug);
    const details = plainDetails({ gateway_slug: slug, gateway_subdomain: subdomain });
    await agent.report(contractId, 'provisioned', details);
    const sayEnd = () => gateways.stage.say(facts.contractEnded, gateways.stage.ended(accepted));
    const end = async () => {
      await sayEnd();
      const [name] = await eventually(async () => {
        const rows = (await gateways.rowsOf(dcId)).filter((row) => row.slug === slug);
        return rows[0]?.state !== 'present' && rows;
      });
      return name;
    };
    return { agent, dcId, sayEnd, end };
  }

  test('takes its name with it when its agent does not, after some time', async () => {
    const { dcId, end } = await named('k7m2p4');
    const before = gateways.stage.clock();
    const { state, due } = (await end()) ?? {};
    expect(state).toBe('removing');
    expect(due).toBeGreaterThanOrEqual(before + secondsToNs(600));
    expect(gateways.addressesOf(dcId, 'k7m2p4')).toEqual(['8.8.4.4']);
    gateways.stage.advance(601);
    await eventually(async () => (await gateways.rowsOf(dcId)).length === 1);
    expect(gateways.addressesOf(dcId, 'k7m2p4')).toEqual([]);
    expect(gateways.addressesOf(dcId, 'others')).toEqual(['8.8.4.4']);
  });

  test('leaves it to its agent before, to delete it or to give it to another machine', async () => {
    const first = await named('aaaaa1');
    await first.end();
    await first.agent.deleteName(first.dcId, 'aaaaa1');
    expect(gateways.addressesOf(first.dcId, 'aaaaa1')).toEqual([]);

    const second = await named('aaaaa2');
    await second.end();
    await second.agent.createName(second.dcId, 'aaaaa2', '8.8.8.8');
    // Another machine has it already when the contract of the first one ends.
    const early = await named('aaaaa4');
    await early.agent.createName(early.dcId, 'aaaaa4', '8.8.8.8');
    await early.sayEnd();
    // Looked for until another one that is over has gone.
    const third = await named('aaaaa3');
    await third.end();
    gateways.stage.advance(700);
    await eventually(() => gateways.addressesOf(third.dcId, 'aaaaa3').length === 0);
    expect(gateways.addressesOf(second.dcId, 'aaaaa2')).toEqual(['8.8.8.8']);
    expect(await gateways.rowsOf(early.dcId)).toMatchObject([{ state: 'present' }, { state: 'present' }]);
  });
});
