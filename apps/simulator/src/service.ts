import { Refusal } from '@decent-cloud/kernel';
import type { BusRequest, ConsumerName } from '@decent-cloud/messages';
import { consumers, facts } from '@decent-cloud/messages';
import { isDatabaseUnavailable } from '@decent-cloud/postgres';
import { IdempotencyKeys, type Logger, reactOnce, VerbRunner } from '@decent-cloud/runtime';
import { Bus, exchange, type Network } from './bus.ts';
import {
  Database,
  DatabaseAwayError,
  type Recorder,
  type StorageMutations,
  type Transaction,
} from './database.ts';
import { type AnyReaction, type AnySweep, type Flows, type ModelledVerb, modelledVerbs } from './flows.ts';
import { awaited, Node, type Process, SECOND, type Us, until } from './kernel.ts';
import { KeysInMemory } from './keys-in-memory.ts';
import { loggerOf, NO_METRICS } from './observing.ts';
import type { Message, Verdict } from './reader.ts';
import { Relay, type RelayMutations } from './relay.ts';

/** What the parts of one simulated platform share. */
export interface Surroundings extends Network {
  readonly recorder: Recorder;
  readonly mutations: StorageMutations & RelayMutations;
}

const NO_HEADERS = { getHeaders: () => undefined };
/** What goes on inside of machines that run: nobody asks for it here, so nobody says it. */
const NOT_SIMULATED: readonly string[] = [
  facts.machineOperationRequested.subject,
  facts.machineOperationFinished.subject,
  facts.machineScriptFinished.subject,
];

/** The runtime of a service: verbs asked over a lossy bus, reactions with an inbox, sweeps, a relay for its outbox. */
export abstract class Service extends Node {
  readonly database: Database;
  /** Asks others in the name of this service. */
  protected readonly bus: Bus;
  private readonly relay: Relay;
  private readonly keys: KeysInMemory;
  private runner!: VerbRunner;
  private does: Flows = {};
  private consumer: ConsumerName | undefined;
  protected readonly logger: Logger;

  constructor(
    name: string,
    skewUs: Us,
    readonly around: Surroundings,
  ) {
    super(name, skewUs);
    this.logger = loggerOf((error, text) => around.kernel.report(error, `${name}: ${text}`));
    const { kernel, faults, recorder, mutations } = around;
    this.database = new Database(kernel, faults, this, recorder, mutations);
    this.relay = new Relay(this.database, around.broker, mutations);
    this.keys = new KeysInMemory(this.database);
    this.bus = new Bus(around, name, this);
    around.services.set(name, this);
  }

  /** Made anew at each start: what they remember does not survive a crash. */
  protected abstract flows(): Flows;

  boot(): void {
    this.forget();
    const { kernel, broker } = this.around;
    const newId = () => kernel.random.uuid();
    this.runner = new VerbRunner(
      this.logger,
      NO_METRICS,
      () => this.now,
      new IdempotencyKeys(this.keys, newId),
      isDatabaseUnavailable,
      newId,
    );
    this.does = this.flows();
    if (this.consumer) this.assertReactsToAll(this.consumer);
    kernel.launch(this, 'relay the outbox', this.relay.run());
    for (const { name, everySeconds, sweep } of this.does.sweeps ?? []) {
      kernel.launch(this, `sweep ${name}`, this.every(name, everySeconds * SECOND, sweep));
    }
    broker.connected(this);
  }

  /** Memory does not survive a crash. */
  protected forget(): void {
    this.relay.forget();
  }

  /** The broker has lost something: the relay compares at its next look. */
  streamsChanged(): void {
    this.relay.compareStreams();
  }

  get now(): bigint {
    return this.around.kernel.nowOf(this);
  }

  protected *transaction<T>(body: (tx: Transaction) => T): Process<T> {
    return yield* awaited(this.database.transaction(body));
  }

  /** Registers the reader of its facts, with what is declared for it. */
  protected readFacts(durable: ConsumerName): void {
    this.consumer = durable;
    const wanted = wantedBy(durable);
    this.around.broker.addReader({
      ...consumers[durable],
      node: this,
      isConnected: () => true,
      wants: (subject) => wanted.has(subject),
      handle: (message) => this.react(durable, message),
      doing: ({ subject }) => `${this.name} on ${subject}`,
    });
  }

  /** @throws when reactions and topology disagree */
  private assertReactsToAll(durable: ConsumerName): void {
    const wanted = wantedBy(durable);
    const known = [...(this.does.reactions?.keys() ?? [])];
    if (known.length !== wanted.size || known.some((subject) => !wanted.has(subject))) {
      throw new Error(`${durable} reads [${[...wanted]}], simulated are [${known}]`);
    }
  }

  private *react(consumer: string, { id, subject, body }: Message): Process<Verdict> {
    const { database, logger } = this;
    const options = { database, consumer, subject, clock: () => this.now, logger };
    const reaction = this.does.reactions?.get(subject) as AnyReaction;
    const verdict = yield* awaited(reactOnce(options, reaction, body as never, id));
    if (verdict.verdict === 'retry') this.around.kernel.report(verdict.error, `${this.name} on ${subject}`);
    return verdict;
  }

  /** Runs the verb as the real runtime does: under its idempotency key, with input and answer parsed. */
  async reply(subject: string, asker: string, request: BusRequest): Promise<string> {
    const known = this.does.verbs?.get(subject);
    if (!known) throw new Error(`${this.name} does not answer ${subject}`);
    const admitted = { asker, request, lateAtMs: Number.POSITIVE_INFINITY };
    return this.runner.run(known.declaration, known.verb, admitted, NO_HEADERS);
  }

  /** What is asked of this service beside declared requests. @throws Refusal */
  *ask<T>(asker: string, subject: string, work: () => Process<T>): Process<T> {
    const { around } = this;
    const run = () => around.kernel.run(this, work());
    return yield* until(exchange(around, { asker, service: this, subject }, run));
  }

  /** Verbs that are modelled. */
  protected answers(...verbs: readonly ModelledVerb[]): NonNullable<Flows['verbs']> {
    const { kernel } = this.around;
    return modelledVerbs(verbs, (process) => kernel.run(this, process));
  }

  private *every(name: string, us: Us, sweep: AnySweep['sweep']): Process {
    const { kernel } = this.around;
    yield kernel.random.int(0, Math.min(us, SECOND));
    for (;;) {
      try {
        const run = sweep(this.now);
        if (run instanceof Promise) yield run;
        else yield* run;
      } catch (error) {
        // Logged by the real runner, which runs it again.
        if (!(error instanceof Refusal) && !(error instanceof DatabaseAwayError)) {
          kernel.report(error, `sweep ${name}`);
        }
      }
      yield us;
    }
  }
}

function wantedBy(durable: ConsumerName): ReadonlySet<string> {
  const { filterSubjects } = consumers[durable];
  return new Set(filterSubjects.filter((subject) => !NOT_SIMULATED.includes(subject)));
}
