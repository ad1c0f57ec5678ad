import type { Clock } from '@decent-cloud/kernel';
import { Refusal } from '@decent-cloud/kernel';
import { Database, type Sql } from '@decent-cloud/postgres';
import { CLOCK } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { Speaker } from '../../registry/agent/speakers.ts';
import { InstanceStore } from '../../registry/instance/instance.store.ts';

/** Agents that poll are not heard while a process that is connected to the broker acts as the same agent. */
@Injectable()
export class PollingDoor {
  constructor(
    private readonly database: Database,
    private readonly instances: InstanceStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @throws Refusal AGENT_INSTANCE_HELD */
  async assertOpen(speaker: Speaker, sql: Sql = this.database): Promise<void> {
    if (speaker.kind !== 'agent') return;
    const holder = await this.instances.livingHolder(sql, speaker.publicKey, this.clock());
    if (holder) throw heldByConnected(holder.host);
  }
}

export const heldByConnected = (host: string): Refusal =>
  new Refusal(
    'CONFLICT',
    'AGENT_INSTANCE_HELD',
    `Another process acts as this agent, connected to the broker, on the host "${host}"`,
  );
