import { Refusal } from '@decent-cloud/kernel';
import { type ConsumerName, consumers, type FactDeclaration, facts } from '@decent-cloud/messages';
import { REACTS, type Reaction, reactOnce } from '@decent-cloud/runtime';
import type { Broker, Message, Verdict } from './broker.ts';
import {
  Database,
  DatabaseAwayError,
  type Recorder,
  type StorageMutations,
  type Transaction,
  transactionOf,
} from './database.ts';
import type { Faults } from './faults.ts';
import { Future } from './future.ts';
import { awaited, type Kernel, MS, Node, type Process, SECOND, type Us, until } from './kernel.ts';
import { Relay, type RelayMutations } from './relay.ts';

/** What the parts of one simulated platform share. */
export interface Surroundings {
  readonly kernel: Kernel;
  readonly faults: Faults;
  readonly broker: Broker;
  readonly recorder: Recorder;
  readonly mutations: StorageMutations & RelayMutations;
}

/** What goes on inside of machines that run: nobody asks for it here, so nobody says it. */
const NOT_SIMULATED: readonly string[] = [
  facts.machineOperationRequested.subject,
  facts.machineOperationFinished.subject,
  facts.machineScriptFinished.subject,
];

/** A reaction that is modelled. */
export type ModelledReaction = (body: never, tx: Transaction) => void;
type AnyReaction = Reaction<FactDeclaration>;
const SILENT = { info: () => undefined };
const REQUEST_TIMEOUT = 5 * SECOND;
/** How long a first request may run before a repeat takes its operation over. */
const CLAIM = 60 * SECOND;

/** Real reactions, each by the subject that its class declares. */
export function bySubject(reactions: readonly object[]): ReadonlyMap<string, AnyReaction> {
  return new Map(
    reactions.map((reaction) => {
      const declaration = Reflect.getMetadata(REACTS, reaction.constructor) as FactDeclaration;
      return [declaration.subject, reaction as AnyReaction];
    }),
  );
}

/** Reactions that are modelled, as if they were real ones. */
export function modelled(reactions: ReadonlyMap<string, ModelledReaction>): ReadonlyMap<string, AnyReaction> {
  return new Map(
    [...reactions].map(([subject, reaction]) => [
      subject,
      { react: async (fact, { sql }) => reaction(fact as never, transactionOf(sql)) },
    ]),
  );
}

export const unavailable = (name: string): Refusal =>
  new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', `The ${name} service does not answer`);

/** The runtime of a service: verbs asked over a lossy bus, reactions with an inbox, sweeps, a relay for its outbox. */
export abstract class Service extends Node {
  readonly database: Database;
  private readonly relay: Relay;

  constructor(
    name: string,
    skewUs: Us,
    readonly around: Surroundings,
  ) {
    super(name, skewUs);
    const { kernel, faults, recorder, mutations } = around;
    this.database = new Database(kernel, faults, this, recorder, mutations);
    this.relay = new Relay(this.database, around.broker, mutations);
  }

  /** Reactions by subject, if the service has any. */
  protected abstract readonly reactions: ReadonlyMap<string, AnyReaction>;
  protected abstract sweeps(): readonly { name: string; everySeconds: number; sweep: () => Process }[];

  boot(): void {
    this.forget();
    const { kernel, broker } = this.around;
    kernel.launch(this, 'relay the outbox', this.relay.run());
    for (const { name, everySeconds, sweep } of this.sweeps()) {
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

  /** Registers the reader of its facts, with what is declared for it. @throws when reactions and topology disagree */
  protected readFacts(durable: ConsumerName): void {
    const declaration = consumers[durable];
    const wanted = new Set<string>(
      declaration.filterSubjects.filter((subject) => !NOT_SIMULATED.includes(subject)),
    );
    const known = [...this.reactions.keys()];
    if (known.length !== wanted.size || known.some((subject) => !wanted.has(subject))) {
      throw new Error(`${durable} reads [${[...wanted]}], simulated are [${known}]`);
    }
    this.around.broker.addReader({
      ...declaration,
      node: this,
      isConnected: () => true,
      wants: (subject) => wanted.has(subject),
      handle: (message) => this.react(durable, message),
      doing: ({ subject }) => `${this.name} on ${subject}`,
    });
  }

  private *react(consumer: string, { id, subject, body }: Message): Process<Verdict> {
    const { database } = this;
    const options = { database, consumer, subject, clock: () => this.now, logger: SILENT };
    const reaction = this.reactions.get(subject) as AnyReaction;
    const verdict = yield* awaited(reactOnce(options, reaction, body as never, id));
    if (verdict.verdict === 'retry') this.around.kernel.report(verdict.error, `${this.name} on ${subject}`);
    return verdict;
  }

  private *every(name: string, us: Us, sweep: () => Process): Process {
    const { kernel } = this.around;
    yield kernel.random.int(0, Math.min(us, SECOND));
    for (;;) {
      try {
        yield* sweep();
      } catch (error) {
        // Logged by the real runner, which runs it again.
        if (!(error instanceof Refusal) && !(error instanceof DatabaseAwayError)) {
          kernel.report(error, `sweep ${name}`);
        }
      }
      yield us;
    }
  }

  /**
   * Asks this service something, over a bus that loses questions and answers.
   * @throws Refusal as the service refused, or UNAVAILABLE
   */
  *ask<T>(asker: string, subject: string, verb: () => Process<T>): Process<T> {
    const { kernel, faults, broker } = this.around;
    const { random } = kernel;
    const answer = new Future<T>();
    const where = `${asker} -> ${subject}`;
    kernel.in(REQUEST_TIMEOUT, () => {
      if (!answer.isSettled) answer.reject(unavailable(this.name));
    });
    if (!broker.isDown && !faults.hits('request-lost', where)) {
      kernel.in(random.int(200, 3 * MS), () => {
        if (!this.isUp) answer.reject(unavailable(this.name));
        else this.answer(subject, where, verb, answer);
      });
    }
    return yield* until(answer);
  }

  private answer<T>(subject: string, where: string, verb: () => Process<T>, answer: Future<T>): void {
    const { kernel, faults } = this.around;
    const { random } = kernel;
    const doing = `${this.name} on ${subject}`;
    const work = kernel.spawn(this, doing, verb());
    work.whenSettled(() => {
      if (this.around.broker.isDown || faults.hits('answer-lost', where)) return;
      const late = faults.hits('answer-late', where);
      kernel.in(late ? random.int(4 * SECOND, 9 * SECOND) : random.int(200, 3 * MS), () => {
        try {
          answer.resolve(work.take());
        } catch (error) {
          if (error instanceof DatabaseAwayError) answer.reject(unavailable(this.name));
          else {
            if (!(error instanceof Refusal)) kernel.report(error, doing);
            answer.reject(error);
          }
        }
      });
    });
  }

  /** Runs a verb once for each key: a repeat gets the first answer, or takes over what was left unfinished. */
  protected *once<T>(
    key: string,
    run: (operationId: string) => Process<T>,
    options: { readonly regeneratesOperation: boolean },
  ): Process<T> {
    const { kernel } = this.around;
    const { keys } = this.database;
    yield kernel.random.int(200, 2 * MS);
    const known = keys.get(key);
    if (known && 'answer' in known) return known.answer as T;
    if (known && known.claimedUntil > kernel.now) {
      throw new Refusal('CONFLICT', 'IDEMPOTENCY_KEY_IN_FLIGHT', 'A request with this key is still running');
    }
    const operationId = known && !options.regeneratesOperation ? known.operationId : kernel.random.uuid();
    keys.set(key, { operationId, claimedUntil: kernel.now + CLAIM });
    yield kernel.random.int(200, 2 * MS);
    try {
      const answer = yield* run(operationId);
      yield kernel.random.int(200, 2 * MS);
      keys.set(key, { operationId, claimedUntil: 0, answer });
      return answer;
    } catch (error) {
      if (error instanceof Refusal) keys.delete(key);
      throw error;
    }
  }
}
