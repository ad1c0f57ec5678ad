import { verifyMessage } from '@decent-cloud/identity';
import { parseExactJson } from '@decent-cloud/kernel';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { type Disbelief, type KnownAgent, whyDisbelieved } from './domain/disbelief.ts';

export class DisbelievedError extends Error {
  override readonly name = 'DisbelievedError';
  constructor(
    readonly reason: Disbelief | 'foreign-machine',
    detail: string,
  ) {
    super(`${reason}: ${detail}`);
  }
}

/** What agents say, believed only when the agent's own key signed it and it came over its own account. */
@Injectable()
export class SignedByAgent {
  /**
   * The signature covers the text as it came, unknown members included.
   * @throws DisbelievedError with the first reason not to believe it
   */
  async believe<S extends z.ZodType<{ agentPublicKey: string }>>(
    schema: S,
    text: string,
    account: string,
    agentOf: (agentPublicKey: string) => Promise<KnownAgent | undefined>,
  ): Promise<z.output<S>> {
    let raw: unknown;
    try {
      raw = parseExactJson(text);
    } catch (error) {
      throw new DisbelievedError('malformed', error instanceof Error ? error.message : 'no JSON');
    }
    const parsed = schema.safeParse(raw);
    if (!parsed.success)
      throw new DisbelievedError('malformed', parsed.error.issues[0]?.message ?? 'no message');
    const message = parsed.data;
    const agent = await agentOf(message.agentPublicKey);
    const reason = whyDisbelieved(agent, account, () => this.isSigned(message.agentPublicKey, raw));
    if (reason) throw new DisbelievedError(reason, `${message.agentPublicKey} over ${account}`);
    return message;
  }

  protected isSigned(agentPublicKey: string, raw: unknown): boolean {
    return verifyMessage(agentPublicKey, raw);
  }
}

/** The account in `agent.<what>.v1.<account>…`. */
export const accountOf = (subject: string): string => subject.split('.')[3] ?? '';
