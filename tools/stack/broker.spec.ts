import { BrokerWatch } from './broker.mjs';

const REFUSED = { bus: 'ok', streams: 'FACTS has taken no messages for 4 s (timeout)' };
const WELL = { bus: 'ok', streams: 'ok' };
const MIB = 1024 ** 2;

function stage() {
  const state = { checks: REFUSED as Record<string, string>, freeMib: 1_000, nowMs: 0, restarts: 0 };
  const said: string[] = [];
  const watch = new BrokerWatch({
    readiness: async () => [
      { name: 'gateway', checks: WELL },
      { name: 'contracts', checks: state.checks },
    ],
    freeBytes: async () => state.freeMib * MIB,
    restart: async () => {
      state.restarts++;
    },
    say: (line) => said.push(line),
    nowMs: () => state.nowMs,
  });
  const look = async (times: number) => {
    for (let time = 0; time < times; time++) await watch.look();
  };
  return { state, said, look };
}

test('a broker whose streams take no messages is restarted, and only after several looks in a row', async () => {
  const { state, said, look } = stage();
  await look(2);
  state.checks = WELL;
  await look(1);
  state.checks = REFUSED;
  await look(2);
  expect(state.restarts).toBe(0);
  await look(1);
  expect(state.restarts).toBe(1);
  expect(said).toEqual([expect.stringContaining('contracts: FACTS has taken no messages')]);
});

test('while the disk is full it is left alone, which is said once; when there is room again it is restarted', async () => {
  const { state, said, look } = stage();
  state.freeMib = 10;
  await look(20);
  expect(state.restarts).toBe(0);
  expect(said).toEqual([expect.stringContaining('the disk is full')]);
  state.freeMib = 200;
  await look(1);
  expect(state.restarts).toBe(1);
});

test('one that a restart does not help is not restarted over and over', async () => {
  const { state, look } = stage();
  await look(12);
  expect(state.restarts).toBe(1);
  state.nowMs = 61_000;
  await look(3);
  expect(state.restarts).toBe(2);
});

test('one that cannot be reached is not restarted for what nobody can tell of its streams', async () => {
  const { state, look } = stage();
  state.checks = { bus: 'not connected', streams: 'FACTS has taken no messages for 9 s (timeout)' };
  await look(10);
  state.checks = { started: 'starting' };
  await look(10);
  expect(state.restarts).toBe(0);
});
