import type { AgentPermission } from '../words/agents.ts';

/**
 * Who asks, as the gateway has verified it. Services believe it because the whole request is signed with a key that only
 * the asking and the answering service have.
 */
export type Caller =
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'user';
      /** Hex-64, lower case. */
      readonly publicKey: string;
      /** Absent when the key belongs to no account. */
      readonly accountId?: string;
      readonly isAdmin?: boolean;
    }
  | {
      readonly kind: 'agent';
      /** The agent's own key. */
      readonly publicKey: string;
      /** The provider that it acts for. */
      readonly providerPublicKey: string;
      readonly poolId?: string;
      readonly permissions: readonly AgentPermission[];
    }
  | { readonly kind: 'service'; readonly name: string };

/** What travels on `req.*`: parts are raw as the caller sent them; the service parses and refuses. */
export interface BusRequest {
  readonly caller: Caller;
  readonly requestId: string;
  readonly idempotencyKey?: string;
  readonly params?: unknown;
  readonly query?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
}
