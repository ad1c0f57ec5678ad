import type { Client } from '@decent-cloud/client';
import { getContract } from '@decent-cloud/messages/contracts';
import { CliError, EXIT } from '../failure.ts';
import type { Contract } from './show.ts';

/** In the order in which a rental goes through them: a later one counts as reached. */
export const WAIT_STATES = [
  'requested',
  'pending',
  'accepted',
  'provisioning',
  'provisioned',
  'active',
] as const;
const FAILED = ['rejected', 'cancelled', 'expired', 'provisioningfailed'];
const POLL_MS = 2_000;

/** Has the rental got there? @throws CliError when it never will */
export function hasReached(contract: Contract, wanted: string): boolean {
  if (contract.status === wanted) return true;
  if (FAILED.includes(contract.status)) {
    const why = contract.provisioning_failure_reason;
    throw new CliError(
      EXIT.refused,
      `The contract is ${contract.status}${why === undefined ? '' : `: ${why}`}`,
    );
  }
  const order = WAIT_STATES as readonly string[];
  if (!order.includes(wanted)) return false;
  return order.indexOf(contract.status) >= order.indexOf(wanted);
}

export interface WaitOptions {
  readonly state: string;
  readonly timeoutSeconds: number;
  readonly onStatus?: (status: string) => void;
}

/** Looks whenever the platform says that something changed, and every 2 s. @throws CliError on failure and time-out */
export async function waitForState(api: Client, id: string, options: WaitOptions): Promise<Contract> {
  const until = Date.now() + options.timeoutSeconds * 1_000;
  const listening = new AbortController();
  const changes = new Changes();
  void listen(api, id, changes, listening.signal);
  try {
    let seen = '';
    for (;;) {
      const contract = await api.call(getContract, { params: { id } });
      if (contract.status !== seen) options.onStatus?.(contract.status);
      seen = contract.status;
      if (hasReached(contract, options.state)) return contract;
      const left = until - Date.now();
      if (left <= 0) {
        throw new CliError(
          EXIT.timeout,
          `Still ${contract.status} after ${options.timeoutSeconds} s`,
          'Wait again, or cancel it.',
        );
      }
      await changes.next(Math.min(left, POLL_MS));
    }
  } finally {
    listening.abort();
  }
}

async function listen(api: Client, id: string, changes: Changes, signal: AbortSignal): Promise<void> {
  try {
    for await (const { event, data } of api.subscribe({ signal })) {
      if (event === 'contract-status' && (data as { contract_id?: string }).contract_id === id)
        changes.ring();
    }
  } catch {
    // Live changes only make it quicker: looking every 2 s goes on without them.
  }
}

class Changes {
  private rung = false;
  private wake: (() => void) | undefined;

  ring(): void {
    this.rung = true;
    this.wake?.();
  }

  async next(atMostMs: number): Promise<void> {
    if (!this.rung) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, atMostMs);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.rung = false;
    this.wake = undefined;
  }
}
