import { secondsToNs } from '@decent-cloud/kernel';
import { facts } from '@decent-cloud/messages';
import { eventually, printFigures, testsAll } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { jetstreamManager } from '@nats-io/jetstream';
import { hex64 } from './people.ts';
import { Stage } from './stage.ts';
import { WorkingAgent } from './working-agent.ts';

/** All agents vanish for a day and come back in the same moment. */
jest.setTimeout(600_000);
const PROVIDERS = 5;
const AGENTS_EACH = Math.ceil(Number(process.env.OFFLINE_AGENTS ?? (testsAll ? 50 : 15)) / PROVIDERS);
const CONTRACTS = 4 * PROVIDERS * AGENTS_EACH;
const HOURS = 24;
const agents: WorkingAgent[] = [];
afterAll(async () => {
  for (const agent of agents) await agent.disappear();
});
const stage = Stage.forFile(() => ({ COORDINATOR_EVERY_SECONDS: '0.2' }));
const providers: string[] = [];

beforeAll(async () => {
  const join = async (provider: string) => {
    const pool = await stage.pool(provider);
    for (let time = 0; time < AGENTS_EACH; time++) {
      const agent = new WorkingAgent(await stage.agent(provider, pool.poolId, 8));
      agent.start();
      agents.push(agent);
    }
  };
  providers.push(...Array.from({ length: PROVIDERS }, hex64));
  for (const provider of providers) await join(provider);
});

const providerOf = (index: number) => providers[index % PROVIDERS] as string;
const long = { deadlineS: 48 * 3_600 };
async function accept(many: number, { deadlineS = 3_600 } = {}) {
  const contracts = Array.from({ length: many }, (_, index) =>
    stage.accepted(providerOf(index), { deadlineNs: stage.clock() + secondsToNs(deadlineS) }),
  );
  for (const contract of contracts) await stage.say(facts.contractAccepted, contract);
  return contracts;
}
const count = async (condition: string): Promise<number> => {
  const [row] = await stage.query<{ many: number }>(
    `select count(*)::int as many from machine where ${condition}`,
  );
  return row?.many ?? 0;
};
const patience = { deadlineMs: 180_000, everyMs: 100 };
const inParks = (contractId: string) => agents.filter(({ park }) => park.has(contractId)).length;
const sum = (of: (agent: WorkingAgent) => number) => agents.reduce((total, agent) => total + of(agent), 0);

/** Until every reconciler of the coordinator has looked at the new time. */
async function everybodyHasLooked(): Promise<void> {
  const rounds = async () => {
    const names = ['drive-assignments', 'repeat-removals'];
    return Promise.all(
      names.map((name) => stage.metric('dc_sweep_duration_seconds_count', `sweep="${name}"`)),
    );
  };
  const before = await rounds();
  await eventually(
    async () => (await rounds()).every((now, index) => now >= (before[index] ?? 0) + 2),
    patience,
  );
}

test('after a day without any agent nothing is lost and nothing is there twice', async () => {
  const running = await accept(CONTRACTS);
  await eventually(async () => (await count(`state = 'provisioned'`)) === CONTRACTS, patience);

  // Begun and made, but the report of it did not leave the agent; some of these contracts can wait for it, others cannot.
  for (const agent of agents) agent.loseVoice();
  const patient = await accept(10, long);
  const impatient = await accept(10);
  const unheard = [...patient, ...impatient];
  await eventually(() => unheard.every(({ contractId }) => inParks(contractId) === 1), patience);
  await eventually(async () => (await count(`state = 'claimed'`)) === unheard.length, patience);
  await Promise.all(agents.map((agent) => agent.disappear()));
  const unsent = sum((agent) => agent.unsentCount);

  const ended = running.filter((_, index) => index % 10 < 3);
  for (const contract of ended) await stage.say(facts.contractEnded, stage.ended(contract));
  const late = await accept(10);
  for (let hour = 0; hour < HOURS; hour++) {
    stage.advance(3_600);
    await everybodyHasLooked();
  }
  // The stream of commands keeps them for a day.
  await (await jetstreamManager(await stage.hub.user('hub'))).streams.purge('AGENT_CMD');
  const lostMeanwhile = running.flatMap(({ contractId }) =>
    stage.said(facts.machineAvailabilityChanged, contractId),
  ).length;

  const started = performance.now();
  await Promise.all(agents.map((agent, index) => agent.comeBack({ withOldJournal: index % 10 === 0 })));
  const served = performance.now() - started;
  const wanted = [...running.filter((contract) => !ended.includes(contract)), ...patient];
  const unwanted = [...ended, ...impatient, ...late];
  await eventually(async () => (await count(`desired = 'absent' and state <> 'gone'`)) === 0, {
    ...patience,
    what: 'every removal being confirmed',
  });
  await eventually(
    async () => (await count(`desired = 'running' and state = 'provisioned'`)) === wanted.length,
    {
      ...patience,
      what: 'every wanted machine being known',
    },
  );
  await stage.settled();
  const converged = performance.now() - started;

  const everything = [...wanted, ...unwanted];
  const factsOf = (declaration: Parameters<Stage['said']>[0], of = everything) =>
    of.map(({ contractId }) => stage.said(declaration, contractId).length);
  await eventually(() => factsOf(facts.machineRemoved, ended).every((many) => many === 1), patience);
  const there = sum(({ park }) => park.size);
  const twice = agents.flatMap(({ made }) => [...made.values()].filter((times) => times > 1)).length;
  const missing = wanted.filter(({ contractId }) => inParks(contractId) === 0).length;
  const doubled = everything.filter(({ contractId }) => inParks(contractId) > 1).length;
  const orphans = unwanted.filter(({ contractId }) => inParks(contractId) > 0).length;
  const lost = factsOf(facts.machineAvailabilityChanged).reduce((total, many) => total + many, 0);
  printFigures('back after 24 h', {
    agents: agents.length,
    'contracts that run': wanted.length,
    'ended meanwhile': ended.length,
    'events not sent before': unsent,
    'steps tried again': sum((agent) => agent.triedAgain),
    'ms until all were served': served,
    'ms until all had converged': converged,
    'machines there': there,
    missing,
    doubled,
    'made twice': twice,
    orphans,
    'said to be lost': lost + lostMeanwhile,
  });
  expect({ there, missing, doubled, twice, orphans, lost, lostMeanwhile }).toEqual({
    there: wanted.length,
    missing: 0,
    doubled: 0,
    twice: 0,
    orphans: 0,
    lost: 0,
    lostMeanwhile: 0,
  });
  expect(sum((agent) => agent.unsentCount)).toBe(0);
  expect(unsent).toBe(unheard.length);
  // Each thing is said once, whatever was sent twice.
  expect(factsOf(facts.machineProvisioned, wanted)).toEqual(wanted.map(() => 1));
  expect(factsOf(facts.provisioningFailed, [...impatient, ...late])).toEqual(
    impatient.concat(late).map(() => 1),
  );
  expect(factsOf(facts.provisioningFailed, wanted)).toEqual(wanted.map(() => 0));
});
