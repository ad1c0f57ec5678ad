import { ApiError, type Client, type LiveEvent } from '@decent-cloud/client';
import { getContract } from '@decent-cloud/messages/contracts';
import { CliError } from '../exit.ts';
import type { Session } from '../session.ts';
import type { Contract } from '../ssh/target.ts';

/** Live changes make waiting quick; asking now and then makes it certain. */
const ASK_EVERY_MS = { connected: 15_000, alone: 2_000 };

export interface Following {
  readonly contractId: string;
  readonly timeoutSeconds: number;
}

/**
 * Looks at a contract whenever it changes, until there is something to give back.
 * @returns undefined when the time is over
 */
export async function followContract<T>(
  session: Session,
  { contractId, timeoutSeconds }: Following,
  look: (contract: Contract, signal: AbortSignal) => Promise<T | undefined>,
): Promise<T | undefined> {
  const client = await session.client();
  const stop = new AbortController();
  const deadline = AbortSignal.timeout(timeoutSeconds * 1000);
  const signal = AbortSignal.any([session.outside.signal, stop.signal, deadline]);
  const changes = listen(client, contractId, signal);
  try {
    while (!signal.aborted) {
      const asked = changes.arm();
      const contract = await ask(session, client, contractId, signal);
      const found = contract && (await look(contract, signal));
      if (found !== undefined) return found;
      await asked;
    }
  } catch (error) {
    // Whatever the deadline cut off is not the reason to tell.
    if (error instanceof CliError || !deadline.aborted) throw error;
  } finally {
    stop.abort();
    await changes.done;
  }
  session.outside.signal.throwIfAborted();
  return undefined;
}

async function ask(
  session: Session,
  client: Client,
  contractId: string,
  signal: AbortSignal,
): Promise<Contract | undefined> {
  try {
    return await client.call(getContract, { params: { id: contractId } }, { signal });
  } catch (error) {
    if (!(error instanceof ApiError && error.passing)) throw error;
    session.note(`${error.message}: trying again`);
    return undefined;
  }
}

interface Changes {
  /** Resolves at the next change from now on, or when it is time to ask anyway. */
  arm(): Promise<void>;
  readonly done: Promise<void>;
}

function listen(client: Client, contractId: string, signal: AbortSignal): Changes {
  let isConnected = false;
  let wake: () => void = () => undefined;
  const follow = async (): Promise<void> => {
    const events = client.subscribe({
      signal,
      onConnect: () => {
        isConnected = true;
        // What changed while nobody listened has no event any more.
        wake();
      },
      onBreak: () => {
        isConnected = false;
      },
    });
    for await (const event of events) if (concerns(event, contractId)) wake();
  };
  return {
    arm: () =>
      new Promise((resolve) => {
        const finish = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', finish);
          resolve();
        };
        const timer = setTimeout(finish, ASK_EVERY_MS[isConnected ? 'connected' : 'alone']);
        signal.addEventListener('abort', finish, { once: true });
        if (signal.aborted) finish();
        wake = finish;
      }),
    // A platform without live changes is asked more often instead.
    done: follow().catch(() => {
      isConnected = false;
    }),
  };
}

function concerns({ event, data }: LiveEvent, contractId: string): boolean {
  if (event === 'reset' || typeof data !== 'object' || data === null) return true;
  const named = (data as { contract_id?: unknown }).contract_id;
  return named === undefined || named === contractId.toLowerCase();
}
