import { HAS_MACHINE_IN_USE } from '@decent-cloud/messages/words';
import type { Offering } from '../../offerings/src/offering/domain/offering.ts';
import { Accounts } from './accounts.ts';
import { Agent } from './agent.ts';
import { Agents } from './agents.ts';
import { Broker } from './broker.ts';
import { Contracts } from './contracts.ts';
import { Faults } from './faults.ts';
import { HostileAgent } from './hostile.ts';
import { HOUR, Kernel, MINUTE, MS, SECOND, type Us } from './kernel.ts';
import { type Mutant, SOUND } from './mutants.ts';
import { Offerings } from './offerings.ts';
import { type Parts, parts as realParts } from './parts.ts';
import { Payments } from './payments.ts';
import { type ChangeOfMind, type Life, People } from './people.ts';
import { Random } from './random.ts';
import { EffectRecorder } from './recorder.ts';
import { rules as realRules } from './rules.ts';
import { sampleOffering } from './sample-offering.ts';
import type { Service, Surroundings } from './service.ts';
import { Weather } from './weather.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly lives: number;
  readonly mutant?: Mutant | undefined;
}

/** All at once, or one by one. */
const ARRIVALS: readonly Us[] = [MINUTE, 5 * MINUTE, 20 * MINUTE];
const CALM_AT: Us = 110 * MINUTE;
const END: Us = 155 * MINUTE;
const PROVIDERS = 2;
const AGENTS_PER_PROVIDER = 3;

/** One platform with its providers and tenants, from the first rental to the calm after the last fault. */
export class World {
  readonly kernel: Kernel;
  readonly faults: Faults;
  readonly broker: Broker;
  readonly recorder = new EffectRecorder();
  readonly accounts: Accounts;
  readonly offerings: Offerings;
  readonly contracts: Contracts;
  readonly payments: Payments;
  readonly agents: Agents;
  readonly machineAgents: Agent[] = [];
  readonly people: People;
  readonly lives: Life[] = [];
  /** What nobody expected: errors, and what was seen to be wrong while it happened. */
  readonly wrongs: { readonly rule: string; readonly detail: string }[] = [];
  readonly redelivered = new Set<string>();
  readonly toppedUpE9s = new Map<string, bigint>();
  /** Tenants whose money may not be enough; they have no other way to pay. */
  readonly poor = new Set<string>();
  private readonly random: Random;
  private readonly arrivals: Us;
  private readonly around: Surroundings;

  constructor(readonly options: WorldOptions) {
    const random = new Random(options.seed);
    const mutations = { ...SOUND, ...options.mutant?.switches };
    const rules = options.mutant?.rules?.(realRules) ?? realRules;
    const parts = options.mutant?.parts?.(realParts) ?? realParts;
    this.random = random;
    this.arrivals = random.pick(ARRIVALS);
    this.faults = new Faults(random, () => this.kernel.now);
    this.kernel = new Kernel(random, this.faults, (error, doing) =>
      this.wrong('nothing fails unexpectedly', `${doing}: ${describe(error)}`),
    );
    const { kernel, faults, recorder } = this;
    this.broker = new Broker(kernel, faults, mutations, (doing) => this.redelivered.add(doing));
    const services = new Map();
    this.around = { kernel, faults, broker: this.broker, services, recorder, mutations };
    const skew = () => random.int(-500 * MS, 500 * MS);
    this.accounts = new Accounts(this.around, skew());
    this.offerings = new Offerings(this.around, skew(), rules.offerings, mutations);
    this.payments = new Payments(this.around, skew(), parts.payments);
    this.agents = new Agents(this.around, skew(), parts.agents);
    this.contracts = new Contracts(this.around, skew(), parts.contracts, mutations);
    this.people = new People(kernel, this.accounts, this.contracts.store, this.around);
    this.settle(parts.agent, mutations);
    this.offerings.onReleased = (holdId) => {
      const contractId = this.contracts.rows.byOperation.get(holdId);
      const contract = contractId === undefined ? undefined : this.contracts.rows.contracts.get(contractId);
      if (contract && contract.deadlineAtNs !== null) {
        this.wrong('no unit goes back while its contract lives', `${holdId}: ${contract.status}`);
      }
    };
    this.offerings.onHeld = ({ holdId, renterPublicKey }) => {
      if (this.poor.has(renterPublicKey) && !this.payments.rows.reservations.get(holdId)) {
        this.wrong('no unit is held before its money is set aside', holdId);
      }
    };
    this.agents.onBelieved = ({ agentPublicKey, eventId, kind }) => {
      const speaker = this.machineAgents.find(({ options }) => options.publicKey === agentPublicKey);
      if (!speaker?.truths.has(eventId)) this.wrong('only what an agent has said takes effect', kind);
    };
  }

  get services(): readonly Service[] {
    return [this.accounts, this.offerings, this.contracts, this.payments, this.agents];
  }

  async run(): Promise<void> {
    const { kernel, faults } = this;
    for (const node of [...this.services, ...this.machineAgents]) kernel.start(node);
    for (const life of this.lives) kernel.launch(undefined, 'tenant', this.people.rent(life));
    kernel.at(CALM_AT, () => faults.calm());
    await kernel.runUntil(END);
  }

  wrong(rule: string, detail: string): void {
    this.wrongs.push({ rule, detail });
  }

  /** Who lives here and what they have and want. */
  private settle(parts: Parts['agent'], mutations: typeof SOUND): void {
    const { random } = this;
    const tenants = Array.from({ length: 12 }, () => this.person());
    for (const [index, tenant] of tenants.entries()) {
      const isPoor = index % 4 === 0;
      if (isPoor) this.poor.add(tenant);
      this.topUp(tenant, isPoor ? BigInt(random.int(0, 120)) * 1_000_000n : 100_000_000_000_000n);
    }
    const offerings: Offering[] = [];
    for (let provider = 0; provider < PROVIDERS; provider++) {
      const key = this.person();
      const poolId = `pool-${provider}`;
      this.agents.rows.pools.push({
        poolId,
        location: 'europe',
        provisionerType: 'simulated',
        providerPublicKey: key,
      });
      for (let index = 0; index < AGENTS_PER_PROVIDER; index++) this.agent(key, poolId, parts, mutations);
      for (let index = 0; index < 2; index++)
        offerings.push(this.offering(offerings.length + 1, key, poolId));
      if (provider === 0) this.hostile(key);
    }
    for (let index = 0; index < this.options.lives; index++)
      this.lives.push(this.life(index, tenants, offerings));
    new Weather(this.around, this.machineAgents, () => this.services).begin();
  }

  private person(): string {
    const publicKey = this.random.hex(32);
    this.accounts.people.set(publicKey, {
      accountId: this.random.hex(16),
      username: `user_${publicKey.slice(0, 8)}`,
      emailVerified: false,
      activePublicKeys: [publicKey],
      created: false,
    });
    return publicKey;
  }

  private topUp(publicKey: string, amountE9s: bigint): void {
    const accountId = this.accounts.people.get(publicKey)?.accountId as string;
    this.toppedUpE9s.set(accountId, amountE9s);
    if (amountE9s > 0n) this.payments.topUp(accountId, this.random.uuid(), amountE9s);
  }

  private agent(
    providerPublicKey: string,
    poolId: string,
    parts: Parts['agent'],
    mutations: typeof SOUND,
  ): void {
    const { random } = this;
    const publicKey = random.hex(32);
    const account = `A${random.hex(8)}`;
    const agent = new Agent(
      {
        ...{ publicKey, account, parts, platform: this.agents, mutant: mutations },
        skewUs: random.int(-1_000 * MS, 1_000 * MS),
        capacity: random.int(4, Math.max(8, this.options.lives)),
        place: `dc-${this.machineAgents.length}`,
      },
      this.around,
    );
    agent.backend.onRemoved = (machine) => this.removed(agent, machine);
    this.machineAgents.push(agent);
    const agentPublicKey = publicKey;
    const accountPublicKey = account;
    this.agents.rows.addAgent({ agentPublicKey, accountPublicKey, providerPublicKey, poolId });
  }

  private hostile(providerPublicKey: string): void {
    const { kernel } = this;
    const publicKey = this.random.hex(32);
    const account = `A${this.random.hex(8)}`;
    const hostile = new HostileAgent(this.around, this.agents, publicKey, account);
    const agentPublicKey = publicKey;
    const accountPublicKey = account;
    this.agents.rows.addAgent({
      agentPublicKey,
      accountPublicKey,
      providerPublicKey,
      poolId: 'pool-of-nobody',
    });
    kernel.launch(undefined, 'hostile agent', hostile.lieForEver());
  }

  private offering(id: number, providerPublicKey: string, agentPoolId: string): Offering {
    const { random } = this;
    const accepts = id % 2 === 1 || random.chance(0.3);
    const offering = sampleOffering({
      id: BigInt(id),
      providerPublicKey,
      providerAccountId: this.accounts.people.get(providerPublicKey)?.accountId ?? null,
      monthlyPriceE9s: BigInt(random.int(5_000_001, 40_000_000)) * 1_009n,
      stockTotal: random.int(3, Math.max(4, this.options.lives)),
      agentPoolId,
    });
    if (accepts) this.offerings.autoAccepting.add(offering.offeringId);
    this.offerings.offerings.rows.set(offering.id, offering);
    return offering;
  }

  private life(index: number, tenants: readonly string[], offerings: readonly Offering[]): Life {
    const { random } = this;
    const offering = random.pick(offerings);
    const rentsItsOwn = random.chance(0.04);
    const hours = random.chance(0.7) ? 1 : random.pick([2, 720]);
    const tenant = rentsItsOwn ? offering.providerPublicKey : random.pick(tenants);
    return {
      id: `life-${index}`,
      tenant,
      offeringDbId: offering.id,
      hours,
      paymentMethod: random.chance(0.08) && !this.poor.has(tenant) ? 'test' : 'wallet',
      whenMachineLost: random.chance(0.5) ? 'make-again' : 'end',
      at: random.int(0, this.arrivals),
      changeOfMind: random.chance(0.5) ? this.changeOfMind() : undefined,
      created: { kind: 'not-asked' },
      cancelled: { kind: 'not-asked' },
    };
  }

  /** While the money is taken, at once, while the machine is made, while it runs, or around the end. */
  private changeOfMind(): ChangeOfMind {
    const { random } = this;
    const spans: readonly (readonly [ChangeOfMind['since'], Us, Us])[] = [
      ['seen', 0, 10 * MS],
      ['told', 0, 2 * SECOND],
      ['told', 0, 60 * SECOND],
      ['told', SECOND, 20 * MINUTE],
      ['told', HOUR, HOUR + 60 * SECOND],
    ];
    const [since, from, to] = random.pick(spans);
    return { since, after: random.int(from, to) };
  }

  /** No machine goes without an order of its generation or a newer one, nor while its contract runs on it. */
  private removed(agent: Agent, { marks }: { marks: { contractId: string; generation: number } }): void {
    const { contractId, generation } = marks;
    const contract = this.contracts.rows.contracts.get(contractId);
    const isRunning = contract !== undefined && HAS_MACHINE_IN_USE[contract.status];
    const isAttempt = contract?.machineWantedAgainAtNs !== null;
    if (isRunning && !isAttempt && contract.machineGeneration === generation) {
      this.wrong('no machine is removed while its contract runs', `${contractId} generation ${generation}`);
    }
    const record = agent.machines.get(contractId);
    // What an attempt made that then failed, the attempt itself may take away.
    if (record?.phase === 'creating' && record.generation === generation) return;
    const isOrdered = this.agents.rows
      .machinesOf(contractId)
      .some(
        (machine) =>
          machine.agentPublicKey === agent.options.publicKey &&
          machine.generation >= generation &&
          machine.desired === 'absent',
      );
    if (!isOrdered)
      this.wrong('no machine is removed without an order', `${contractId} generation ${generation}`);
  }
}

const describe = (error: unknown): string =>
  error instanceof Error
    ? `${error.name}: ${error.message} ${(error.stack ?? '').split('\n')[1]?.trim() ?? ''}`
    : String(error);
