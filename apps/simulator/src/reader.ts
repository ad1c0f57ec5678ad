import type { streams } from '@decent-cloud/messages';
import type { Node, Process, Us } from './kernel.ts';

export interface Message {
  readonly id: string;
  readonly subject: string;
  readonly body: unknown;
  readonly seq: number;
}

export type Verdict =
  | { readonly verdict: 'done' }
  | { readonly verdict: 'again'; readonly afterUs: Us }
  | { readonly verdict: 'retry' | 'pause' | 'dead'; readonly error: unknown };

export interface Reader {
  readonly durable: string;
  readonly stream: keyof typeof streams;
  readonly ackWaitSeconds: number;
  readonly maxDeliver: number;
  readonly node: Node;
  /** A reader that is not connected is given nothing. */
  readonly isConnected: () => boolean;
  readonly wants: (subject: string) => boolean;
  readonly handle: (message: Message) => Process<Verdict>;
  /** What it does with such a message, by name. */
  readonly doing: (message: Message) => string;
}
