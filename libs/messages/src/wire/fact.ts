import type { ACCOUNT_LIVE_EVENTS } from '../words/accounts.ts';
import type { ActionEvent, CONTRACT_LIVE_EVENTS } from '../words/contracts.ts';
import type { WALLET_LIVE_EVENTS } from '../words/payments.ts';
import type { Output, Schema } from './endpoint.ts';

export type LiveEventName =
  | (typeof ACCOUNT_LIVE_EVENTS)[number]
  | (typeof CONTRACT_LIVE_EVENTS)[number]
  | (typeof WALLET_LIVE_EVENTS)[number]
  | ActionEvent;

/** Facts of services, in the past tense: `evt.<service>.v1.<fact>`. */
export interface FactDeclaration<P extends Schema = Schema> {
  readonly subject: `evt.${string}.v${number}.${string}`;
  readonly payload: P;
  /** Public keys or account ids whose live updates show this fact. */
  audience?(payload: Output<P>): readonly string[];
  /** What live clients see of it: event name and data. Absent: not shown. */
  live?(payload: Output<P>): { readonly event: LiveEventName; readonly data: unknown };
  /** One instance that must parse for ever: a message version keeps its sample. */
  readonly sample: unknown;
}

/** Declares a fact. The sender owns subject, schema and sample. */
export function fact<P extends Schema>(declaration: FactDeclaration<P>): FactDeclaration<P> {
  return declaration;
}

export type FactPayload<F> = F extends FactDeclaration<infer P> ? Output<P> : never;
/** What a sender gives. */
export type FactInput<F> = F extends FactDeclaration<infer P> ? P['_zod']['input'] : never;

export function isFact(value: unknown): value is FactDeclaration {
  return (
    typeof value === 'object' &&
    value !== null &&
    'subject' in value &&
    'payload' in value &&
    'sample' in value
  );
}

/** Who sends a subject: `evt.contracts.v1.x` and `req.contracts.v1.x` belong to `contracts`. */
export function ownerOf(subject: string): string {
  return subject.split('.')[1] ?? '';
}
