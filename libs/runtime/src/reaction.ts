import type { FactDeclaration, FactPayload } from '@decent-cloud/messages';
import type { Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';

export interface ReactionContext {
  /** The transaction that also notes the message as seen: everything that the reaction changes goes through it. */
  readonly sql: Sql;
  readonly messageId: string;
  readonly now: bigint;
}

export interface Reaction<F extends FactDeclaration> {
  react(fact: FactPayload<F>, context: ReactionContext): Promise<void>;
}

export const REACTS = Symbol('reacts');

/** Makes the class react to a fact of another service, once in effect. The consumer stands in `messages/topology`. */
export function Reacts<F extends FactDeclaration>(declaration: F) {
  return (target: new (...args: never[]) => Reaction<F>): void => {
    Injectable()(target);
    Reflect.defineMetadata(REACTS, declaration, target);
  };
}
