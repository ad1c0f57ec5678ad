import type { Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import type { Channel, Outgoing } from './channel.ts';
import { MailChannel } from './mail/mail-channel.ts';

/** All channels; each decides what goes out by it. */
@Injectable()
export class Channels implements Channel {
  private readonly all: readonly Channel[];

  constructor(mail: MailChannel) {
    this.all = [mail];
  }

  async queue(sql: Sql, outgoing: Outgoing, now: bigint): Promise<void> {
    for (const channel of this.all) await channel.queue(sql, outgoing, now);
  }

  async dropOvertaken(sql: Sql, contractId: string, status: string, now: bigint): Promise<void> {
    for (const channel of this.all) await channel.dropOvertaken(sql, contractId, status, now);
  }
}
