import { type Clock, jitteredBackoffMs } from '@decent-cloud/kernel';
import { type DesiredSnapshot, SNAPSHOT_METHOD } from '@decent-cloud/messages/agents/protocol';
import { type Ambient, systemAmbient } from '../ambient.ts';
import { type Believer, DisbelievedError, readSnapshot } from '../link/read-command.ts';
import type { Sign } from './sign.ts';

export interface SnapshotQuestion {
  readonly sign: Sign;
  /** Absent: somebody who only looks. */
  readonly instanceId?: string | undefined;
  readonly now: Clock;
  readonly believer: () => Believer;
  readonly request: (method: string, text: string) => Promise<string>;
  /** There is no use in asking on when this is over. */
  readonly isConnected: () => boolean;
  readonly ambient?: Pick<Ambient, 'sleep' | 'random'>;
}

const ATTEMPTS = 3;

/** Asks the platform for all that it wants of this agent; writes nothing. @throws when nobody answers or what came is not to be believed */
export async function askSnapshot(question: SnapshotQuestion): Promise<DesiredSnapshot> {
  const { sign, instanceId, now, believer, request, isConnected, ambient = systemAmbient } = question;
  const { agentPublicKey } = believer();
  for (let attempt = 1; ; attempt++) {
    const signed = sign({
      v: 1,
      agentPublicKey,
      ...(instanceId !== undefined && { instanceId }),
      atNs: now().toString(),
    });
    try {
      return readSnapshot(await request(SNAPSHOT_METHOD, JSON.stringify(signed)), believer());
    } catch (error) {
      if (attempt === ATTEMPTS || error instanceof DisbelievedError || !isConnected()) throw error;
      await ambient.sleep(250 + jitteredBackoffMs(attempt, ambient.random));
    }
  }
}
