import type { AgentHeartbeat } from '@decent-cloud/messages/agents/protocol';
import { type Ambient, type CallOff, systemAmbient } from '../ambient.ts';
import type { Logger } from '../log.ts';
import type { Sign } from './sign.ts';

/** What changes from beat to beat. */
export type Pulse = Pick<AgentHeartbeat, 'atNs' | 'activeContracts' | 'freeSlots' | 'resources'>;

export interface HeartbeatOptions {
  readonly agentPublicKey: string;
  readonly sign: Sign;
  readonly instanceId: string;
  readonly version: string;
  readonly provisionerType: string;
  readonly logger: Logger;
  readonly isConnected: () => boolean;
  readonly publish: (text: string) => void;
  readonly pulse: () => Promise<Pulse>;
  readonly ambient?: Pick<Ambient, 'every'>;
}

/** Tells the platform that the agent lives, what it carries and how much more it could. */
export class Heartbeat {
  private readonly options: HeartbeatOptions;
  private callOff: CallOff = () => undefined;

  constructor(options: HeartbeatOptions) {
    this.options = options;
  }

  /** Begins anew with every connection, which may bring another interval. */
  start(everySeconds: number): void {
    const { ambient = systemAmbient } = this.options;
    this.callOff();
    this.beat();
    this.callOff = ambient.every(everySeconds * 1_000, () => this.beat());
  }

  /** The last one offers no place, so that nothing is given to an agent that goes. */
  async stop(): Promise<void> {
    this.callOff();
    await this.say({ freeSlots: 0 });
  }

  /** The very last one: another process may be this agent from now on. */
  leave(): Promise<void> {
    return this.say({ freeSlots: 0, leaving: true });
  }

  private beat(): void {
    this.say().catch((error: unknown) => this.options.logger.error({ error }, 'heartbeat failed'));
  }

  private async say(over: Partial<Pulse> & { readonly leaving?: true } = {}): Promise<void> {
    const { agentPublicKey, sign, instanceId, version, provisionerType, isConnected, publish, pulse } =
      this.options;
    if (!isConnected()) return;
    const heartbeat = {
      v: 1 as const,
      agentPublicKey,
      instanceId,
      version,
      provisionerTypes: [provisionerType],
      ...(await pulse()),
      ...over,
    };
    if (isConnected()) publish(JSON.stringify(sign(heartbeat)));
  }
}
