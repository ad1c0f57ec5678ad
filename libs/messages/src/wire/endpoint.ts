import type { Reason, RefusalCode } from '@decent-cloud/kernel';
import type { z } from 'zod';
import type { ServiceName } from '../services.ts';
import type { AgentPermission } from '../words/agents.ts';

/**
 * Shallow on purpose: constraining by `z.ZodType` makes the type checker instantiate eight times as many types
 * once hundreds of declarations exist.
 */
export interface Schema {
  _zod: { input: unknown; output: unknown };
}
export type Input<S> = S extends Schema ? S['_zod']['input'] : undefined;
export type Output<S> = S extends Schema ? S['_zod']['output'] : undefined;

/**
 * Who may call. `signed`: any valid signature. `self`: signed by the key (or another active key of the account) named by
 * the `pubkey` path parameter. `agent`: a delegated agent. `provider-or-agent`: either. `optional`: anonymous or
 * signed, by an agent's key too: which is then a key like any other, for whomever it may act.
 */
export type AuthClass = 'public' | 'optional' | 'signed' | 'self' | 'agent' | 'provider-or-agent' | 'admin';

/** How the answer is written: in the envelope `{success, data}`, as plain JSON, or as another media type. */
export type AnswerForm =
  | 'envelope'
  | 'plain'
  | 'text/plain'
  | 'text/html'
  | 'text/csv'
  | 'application/pdf'
  | 'text/event-stream';

/** A request that a service answers on the bus: a subject with what goes in and what comes out. */
export interface RequestDeclaration {
  readonly subject: string;
  readonly params?: Schema;
  readonly query?: Schema;
  /** Header fields that the service gets, an object by names in lower case; no others reach it. */
  readonly headers?: Schema;
  readonly body?: Schema;
  readonly answer: Schema;
  /** The caller may send an Idempotency-Key; the service runs the verb once for each key. */
  readonly idempotent?: boolean;
  /** Which services ask it; of an endpoint, the gateway. Nobody else has the rights, and the door refuses them. */
  readonly askedBy?: readonly ServiceName[];
  /** Refusals beyond INVALID, UNAUTHENTICATED and UNAVAILABLE that callers should be ready for. */
  readonly refusals?: readonly Reason[];
}

/** A request that is also served over HTTP by the gateway. */
export interface EndpointDeclaration extends RequestDeclaration {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With `{name}` for parameters, beginning with `/api/v1`. */
  readonly path: string;
  /** Further paths that shipped clients use. */
  readonly aliases?: readonly string[];
  readonly auth: AuthClass;
  /** What a delegation must carry; an endpoint of class `agent` has one. */
  readonly permission?: AgentPermission;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly form?: AnswerForm;
  readonly bodyType?: 'json' | 'text' | 'raw';
  /** Largest accepted body; the gateway's default is 1 MiB. */
  readonly bodyLimitBytes?: number;
  /** `strict` 10/min, `standard` 60/min, `relaxed` 120/min; by default from the method. `none` is not limited. */
  readonly rateTier?: 'strict' | 'standard' | 'relaxed' | 'none';
  /**
   * The refusal of a secret that was wrong. An address that has met it ten times in a minute has to wait, whether requests
   * are limited otherwise or not.
   */
  readonly wrongGuess?: Reason;
  /**
   * Called by clients of another protocol: refusals are `{"error"}` alone and never come with status 200, whatever the
   * gateway's mode. Named are the codes whose status is another one there.
   */
  readonly bareRefusals?: Partial<Record<RefusalCode, number>>;
  /** Answered by the gateway itself instead of a service. */
  readonly local?: boolean;
}

/** Declares a request between services, and which of them ask it. */
export function request<const D extends RequestDeclaration & Required<Pick<RequestDeclaration, 'askedBy'>>>(
  declaration: D,
): D {
  return declaration;
}

/** Declares an endpoint: the one place from which route, validation, OpenAPI page, bus message and client come. */
export function endpoint<const D extends EndpointDeclaration>(declaration: D): D {
  return declaration;
}

export function isEndpoint(value: unknown): value is EndpointDeclaration {
  return (
    typeof value === 'object' && value !== null && 'method' in value && 'path' in value && 'answer' in value
  );
}

/** What a verb receives: the parsed parts that the declaration has. */
export type VerbInput<D extends RequestDeclaration> = {
  [P in 'params' | 'query' | 'headers' | 'body' as D[P] extends Schema ? P : never]: Output<D[P]>;
};

/** What a caller gives: unparsed, `query` may be left out when all of its members may. */
export type CallInput<D extends RequestDeclaration> = (D['params'] extends Schema
  ? { params: Input<D['params']> }
  : unknown) &
  (D['body'] extends Schema
    ? undefined extends Input<D['body']>
      ? { body?: Input<D['body']> }
      : { body: Input<D['body']> }
    : unknown) &
  (D['query'] extends Schema
    ? Record<string, never> extends Input<D['query']>
      ? { query?: Input<D['query']> }
      : { query: Input<D['query']> }
    : unknown) &
  (D['headers'] extends Schema
    ? Record<string, never> extends Input<D['headers']>
      ? { headers?: Input<D['headers']> }
      : { headers: Input<D['headers']> }
    : unknown);

export type Answer<D extends RequestDeclaration> = Output<D['answer']>;
/** What a verb may return: the answer before the schema's defaults and transforms. */
export type AnswerInput<D extends RequestDeclaration> = Input<D['answer']>;

export type AnyZod = z.ZodType;
