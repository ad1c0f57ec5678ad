import { secondsToNs } from '@decent-cloud/kernel';
import { messagingMigrationsDir } from '@decent-cloud/outbox';
import { Database, type Sql } from '@decent-cloud/postgres';
import { createTestDatabase, type TestDatabase } from '@decent-cloud/testing';
import { AssignmentStore } from '../../agents/src/coordination/assignment/assignment.store.ts';
import type {
  AssignmentChange,
  Machine,
  MachineChange,
  NewAssignment,
} from '../../agents/src/coordination/assignment/rows.ts';
import { CandidateStore } from '../../agents/src/coordination/choosing/candidate.store.ts';
import { SnapshotStore } from '../../agents/src/doors/broker/wire/snapshot.store.ts';
import { AgentStore } from '../../agents/src/registry/agent/agent.store.ts';
import { HeartbeatStore } from '../../agents/src/registry/agent/heartbeat.store.ts';
import { agentsService } from '../../agents/src/service.ts';
import {
  agentsInMemory,
  candidatesInMemory,
  heartbeatsInMemory,
  snapshotsInMemory,
} from '../src/agents-in-memory.ts';
import { AgentsTables } from '../src/agents-tables.ts';
import { AssignmentsInMemory } from '../src/assignments-in-memory.ts';
import { type Database as MemoryDatabase, Transaction } from '../src/database.ts';
import { Random } from '../src/random.ts';
import { standIn } from '../src/stand-in.ts';

const T0 = 1_795_414_800_000_000_000n;
const STEPS = 250;
const WHOLE = 100;

interface Stores {
  readonly sql: Sql;
  readonly assignments: Pick<AssignmentStore, keyof AssignmentStore>;
  readonly agents: Pick<AgentStore, keyof AgentStore>;
  readonly candidates: Pick<CandidateStore, keyof CandidateStore>;
  readonly heartbeats: Pick<HeartbeatStore, keyof HeartbeatStore>;
  readonly snapshots: Pick<SnapshotStore, keyof SnapshotStore>;
}

let test: TestDatabase;
let database: Database;

beforeAll(async () => {
  const { migrationsDir } = agentsService;
  test = await createTestDatabase({ migrationsDir: [messagingMigrationsDir, migrationsDir] });
  database = new Database({ connectionString: test.url, applicationName: 'simulator-specs' });
});

afterAll(async () => {
  await database.close();
  await test.drop();
});

const inDatabase = (): Stores => ({
  sql: database,
  assignments: new AssignmentStore(database),
  agents: new AgentStore(database),
  candidates: new CandidateStore(),
  heartbeats: new HeartbeatStore(database),
  snapshots: new SnapshotStore(database),
});

/** One transaction in which all happens, and a database that costs no time and is always there. */
function inMemory(tables: AgentsTables): Stores {
  const sql = new Transaction(T0, () => 'id', new Set(), false);
  const calm = standIn<MemoryDatabase, 'read' | 'transaction' | 'faults'>({
    read: async () => undefined,
    transaction: async (body) => body(sql),
    faults: { hits: () => false } as unknown as MemoryDatabase['faults'],
  });
  return {
    sql,
    assignments: new AssignmentsInMemory(calm, tables, () => undefined),
    agents: agentsInMemory(calm, tables),
    candidates: candidatesInMemory(tables),
    heartbeats: heartbeatsInMemory(calm, tables),
    snapshots: snapshotsInMemory(calm, tables),
  };
}

/** The same done to both, step by step by one seed, with the same answers. */
class Pair {
  private readonly random: Random;
  private readonly tables = new AgentsTables();
  private readonly pair: readonly [Stores, Stores];
  private readonly contracts: readonly string[];
  private readonly providers: readonly string[];
  private readonly keys: readonly string[];
  private readonly poolIds: readonly string[];
  private now = T0;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.pair = [inDatabase(), inMemory(this.tables)];
    const several = <T>(count: number, one: () => T) => Array.from({ length: count }, one);
    this.contracts = several(6, () => this.random.hex(32));
    this.providers = several(2, () => this.random.hex(32));
    this.keys = several(4, () => this.random.hex(32));
    this.poolIds = several(2, () => `pool-${this.random.hex(4)}`);
  }

  async settle(): Promise<void> {
    await database.query('truncate pool, agent, assignment, machine cascade');
    for (const [index, poolId] of this.poolIds.entries()) {
      await database.query(
        `insert into pool (pool_id, provider_public_key, name, location, provisioner_type, created_at_ns, operation_id)
         values ($1, $2, 'a pool', 'europe', 'docker', 0, gen_random_uuid())`,
        [poolId, this.providers[index]],
      );
    }
    for (const [index, agentPublicKey] of this.keys.entries()) {
      const providerPublicKey = this.providers[index % 2] as string;
      const poolId = this.poolIds[index % 2] as string;
      const accountPublicKey = `A${this.random.hex(8)}`;
      this.tables.addAgent({ agentPublicKey, accountPublicKey, providerPublicKey, poolId });
      await database.query(
        `insert into agent (agent_public_key, provider_public_key, pool_id, permissions, account_public_key,
           account_jwt, created_at_ns)
         values ($1, $2, $3, '{provision,heartbeat}', $4, 'jwt', 0)`,
        [agentPublicKey, providerPublicKey, poolId, accountPublicKey],
      );
    }
  }

  async step(): Promise<void> {
    const { random } = this;
    this.now += secondsToNs(random.int(1, 90));
    const contractId = random.pick(this.contracts);
    const agentPublicKey = random.pick(this.keys);
    const machines = await this.same((it) => it.assignments.machines(it.sql, contractId));
    await random.pick([
      () => this.insert(contractId),
      () => this.changeAssignment(contractId),
      () => this.insertMachine(contractId, agentPublicKey, machines),
      () => this.changeMachine(machines),
      () => this.changeMachine(machines),
      () => this.changePaid(contractId),
      () => this.hear(agentPublicKey),
      () => this.observe(agentPublicKey),
    ])();
    await this.look(contractId, agentPublicKey);
  }

  private async insert(contractId: string): Promise<void> {
    const { random, now } = this;
    if (random.chance(0.2)) {
      await this.same((it) => it.assignments.insertEnded(it.sql, contractId, now));
      return;
    }
    const assignment: NewAssignment = {
      contractId,
      providerPublicKey: random.pick(this.providers),
      providerAccountId: null,
      tenantPublicKey: random.hex(32),
      tenantAccountId: random.hex(16),
      agentPoolId: null,
      datacenterCountry: 'DE',
      spec: { offeringId: 'small', sshPublicKeys: ['a key'] },
      encryptionPublicKeys: [random.hex(32)],
      deadlineNs: now + secondsToNs(600),
    };
    await this.same((it) => it.assignments.insert(it.sql, assignment, now));
  }

  private async changeAssignment(contractId: string): Promise<void> {
    const { random, now } = this;
    const known = await this.same((it) => it.assignments.lock(it.sql, contractId));
    // One that ended before it was heard of stays so.
    if (!known?.spec) return;
    const changes: AssignmentChange = {
      state: random.pick(['waiting', 'offered', 'claimed', 'provisioned', 'failed', 'ended']),
      generation: random.int(0, 3),
      dueAtNs: random.pick([null, this.about()]),
      waitingSinceNs: random.pick([null, this.about()]),
      retryAgent: random.pick([null, ...this.keys]),
      downSinceNs: random.pick([null, now]),
      ...(random.chance(0.5) && { failureReason: 'why' }),
    };
    await this.same((it) => it.assignments.change(it.sql, contractId, changes, now));
  }

  private async insertMachine(
    contractId: string,
    agentPublicKey: string,
    machines: readonly Machine[],
  ): Promise<void> {
    if (!(await this.same((it) => it.assignments.lock(it.sql, contractId)))?.spec) return;
    const generation = machines.length + 1;
    const machine = { contractId, generation, agentPublicKey };
    await this.same((it) => it.assignments.insertMachine(it.sql, machine, this.now));
  }

  private async changeMachine(machines: readonly Machine[]): Promise<void> {
    const { random, now } = this;
    if (machines.length === 0) return;
    const machine = random.pick(machines);
    const isRemoved = machine.desired === 'running' && random.chance(0.3);
    const changes: MachineChange = {
      state: random.pick(['offered', 'claimed', 'provisioned', 'failed', 'gone']),
      outcome: random.pick([null, 'unclaimed', 'lost']),
      nextCommandAtNs: random.pick([null, this.about()]),
      availability: random.pick(['up', 'stopped', 'lost']),
      instance: random.pick([
        null,
        { externalId: 'one', provisionerType: 'docker', sshPort: random.int(1, 9), sshUser: 'root' },
      ]),
      ...(isRemoved && { desired: 'absent', absentSinceNs: now }),
    };
    await this.same((it) => it.assignments.changeMachine(it.sql, machine, changes, now));
  }

  private async changePaid(contractId: string): Promise<void> {
    const { random, now } = this;
    if (random.chance(0.2))
      await this.same((it) => it.assignments.setSshKey(it.sql, contractId, 'b key', now));
    const paid = { contractId, version: random.int(1, 9), endsAtNs: this.about() };
    await this.same((it) => it.assignments.setPaidTime(it.sql, paid, now));
  }

  private async hear(agentPublicKey: string): Promise<void> {
    const { random } = this;
    const beat = {
      agentPublicKey,
      heardAtNs: this.about(),
      version: '1',
      provisionerTypes: ['docker'],
      activeContracts: random.int(0, 3),
      freeSlots: random.int(0, 2),
    };
    await this.same((it) => it.heartbeats.hear([beat]));
  }

  private async observe(agentPublicKey: string): Promise<void> {
    const { random, now } = this;
    const atNs = this.about();
    await this.same((it) => it.agents.isNewestObservation(it.sql, agentPublicKey, atNs));
    await this.same((it) => it.agents.noteObservation(it.sql, agentPublicKey, 1, atNs));
    if (random.chance(0.05)) await this.same((it) => it.agents.revoke(it.sql, agentPublicKey, now));
  }

  private async look(contractId: string, agentPublicKey: string): Promise<void> {
    const { now, providers, poolIds } = this;
    const about = { contractId, agentPublicKey, generation: this.random.int(1, 3) };
    await this.same((it) => it.assignments.lockDue(it.sql, contractId, now));
    await this.same((it) => it.assignments.due(now, secondsToNs(120), WHOLE), 'any order');
    await this.same((it) => it.assignments.listenerOf(it.sql, about));
    await this.same((it) => it.assignments.runningAt(it.sql, agentPublicKey));
    await this.same((it) => it.assignments.machinesOfAgent(it.sql, agentPublicKey, WHOLE), 'any order');
    await this.same((it) => it.assignments.machinesOfContracts(it.sql, agentPublicKey, [contractId]));
    await this.same((it) => it.assignments.removalsDue(now, now - secondsToNs(300), WHOLE), 'any order');
    await this.same((it) => it.agents.listeningAccount(it.sql, agentPublicKey));
    await this.same((it) => it.agents.polls(it.sql, agentPublicKey));
    await this.same((it) => it.candidates.lockAndCountOpen(it.sql, agentPublicKey));
    await this.same((it) => it.candidates.atWork(it.sql, agentPublicKey, contractId));
    await this.same((it) => it.candidates.inPools(it.sql, providers[0] as string, poolIds, now), 'any order');
    const limits = { rivalsSinceNs: 0n, mostMachines: WHOLE };
    await this.same((it) => it.snapshots.of(agentPublicKey, limits, now));
  }

  private about(): bigint {
    return this.now + secondsToNs(this.random.int(-400, 100));
  }

  /** What both answer; of rows in memory what the database has of them, too. */
  private async same<T>(ask: (it: Stores) => Promise<T>, order?: 'any order'): Promise<T> {
    const [known, kept] = [await ask(this.pair[0]), await ask(this.pair[1])];
    const [wanted, found] = order ? [inOrder(known), inOrder(kept)] : [known, kept];
    if (typeof wanted === 'object' && wanted !== null) expect(found).toMatchObject(wanted);
    else expect(found).toEqual(wanted);
    return known;
  }
}

const nameOf = (row: unknown): string => {
  if (typeof row === 'string') return row;
  const { contractId, generation, agentPublicKey } = row as Partial<Machine>;
  return [contractId, generation, agentPublicKey].join();
};
const inOrder = (list: unknown): unknown =>
  [...(list as unknown[])].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));

describe('the stores of agents in memory answer as those of the database do', () => {
  it.each([1, 2, 3, 4])(`through ${STEPS} changes, seed %d`, async (seed) => {
    const pair = new Pair(seed);
    await pair.settle();
    for (let step = 0; step < STEPS; step++) await pair.step();
  });
});
