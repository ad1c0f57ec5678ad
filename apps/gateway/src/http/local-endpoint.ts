import type { Caller } from '@decent-cloud/messages';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RawRequest } from '../auth/signed-request.ts';

export interface LocalCall {
  readonly requestId: string;
  readonly caller: Caller;
  readonly raw: RawRequest;
  /** First value of each query parameter. */
  readonly query: (name: string) => string | undefined;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** An endpoint that the gateway answers itself. */
export interface LocalEndpoint {
  /** Instead of the usual way; for streams that are opened by tickets or signed queries. */
  readonly authenticate?: (call: Omit<LocalCall, 'caller'>) => Promise<Caller>;
  /** JSON text of the data, or the text itself for text forms; undefined when it has taken over the reply. */
  readonly answer: (call: LocalCall) => Promise<string | undefined>;
}
