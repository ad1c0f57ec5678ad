import type { AnswerInput, FactDeclaration, RequestDeclaration, VerbInput } from '@decent-cloud/messages';
import {
  ANSWERS,
  REACTS,
  type Reaction,
  SWEEPS,
  type Sweep,
  type SweepDeclaration,
  type Verb,
} from '@decent-cloud/runtime';
import { type Transaction, transactionOf } from './database.ts';
import type { Process } from './kernel.ts';

export interface AnyVerb {
  readonly declaration: RequestDeclaration;
  readonly verb: Verb<RequestDeclaration>;
}
export type AnyReaction = Reaction<FactDeclaration>;
export interface AnySweep {
  readonly name: string;
  readonly everySeconds: number;
  readonly sweep: (now: bigint) => Process | Promise<void>;
}

/** All that a service does, by subject and name: real parts and modelled ones. */
export interface Flows {
  readonly verbs?: ReadonlyMap<string, AnyVerb>;
  readonly reactions?: ReadonlyMap<string, AnyReaction>;
  readonly sweeps?: readonly AnySweep[];
}

/** Real verbs, reactions and sweeps, each with what its class declares by its decorator. */
export function realFlows(parts: readonly object[], settings: object): Flows {
  const verbs = new Map<string, AnyVerb>();
  const reactions = new Map<string, AnyReaction>();
  const sweeps: AnySweep[] = [];
  for (const part of parts) {
    const declared = (key: symbol): unknown => Reflect.getMetadata(key, part.constructor);
    const answers = declared(ANSWERS) as RequestDeclaration | undefined;
    const reacts = declared(REACTS) as FactDeclaration | undefined;
    const isSwept = declared(SWEEPS) as SweepDeclaration | undefined;
    if (answers) verbs.set(answers.subject, { declaration: answers, verb: part as AnyVerb['verb'] });
    else if (reacts) reactions.set(reacts.subject, part as AnyReaction);
    else if (isSwept) {
      const { name, everySeconds: every } = isSwept;
      const everySeconds = typeof every === 'number' ? every : every(settings as never);
      sweeps.push({ name, everySeconds, sweep: (now) => (part as Sweep).sweep(now) });
    } else throw new Error(`${part.constructor.name} is no verb, no reaction and no sweep`);
  }
  return { verbs, reactions, sweeps };
}

/** Reactions that are modelled, as if they were real ones. */
export function modelledReactions(
  reactions: ReadonlyMap<string, (body: never, tx: Transaction) => void>,
): ReadonlyMap<string, AnyReaction> {
  return new Map(
    [...reactions].map(([subject, reaction]) => [
      subject,
      { react: async (fact, { sql }) => reaction(fact as never, transactionOf(sql)) },
    ]),
  );
}

/** A verb that is modelled: what it answers to the body of a request. */
export type ModelledVerb = readonly [RequestDeclaration, (body: never) => Process<unknown>];

export const answering = <D extends RequestDeclaration>(
  declaration: D,
  answer: (body: VerbInput<D> extends { body: infer B } ? B : never) => Process<AnswerInput<D>>,
): ModelledVerb => [declaration, answer];

/** Verbs that are modelled, as if they were real ones. */
export function modelledVerbs(
  verbs: readonly ModelledVerb[],
  run: (process: Process<unknown>) => Promise<unknown>,
): ReadonlyMap<string, AnyVerb> {
  return new Map(
    verbs.map(([declaration, answer]) => {
      const verb = { run: (input: { body?: unknown }) => run(answer(input.body as never)) };
      return [declaration.subject, { declaration, verb: verb as AnyVerb['verb'] }];
    }),
  );
}
