import { facts } from '@decent-cloud/messages';
import type { RivalKind } from '@decent-cloud/messages/words';
import { emitFact } from '@decent-cloud/outbox';
import type { Sql } from '@decent-cloud/postgres';
import { LOGGER, type Logger } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import { Commands } from '../../commands/commands.ts';
import { AgentStore } from '../agent/agent.store.ts';
import {
  type Admission,
  admission,
  bothLive,
  continues,
  type Holder,
  type Instance,
  isToBeTold,
} from './domain/admission.ts';
import { looksDoubled, type PolledBeat, printOf, withBeat } from './domain/polled-beats.ts';
import { InstanceStore } from './instance.store.ts';

export interface Decision extends Pick<Admission, 'admit'> {
  /** Who is at work, when it is another one. */
  readonly holder: Holder | undefined;
}

/**
 * One process for each agent. Every method runs in the caller's transaction with the agent locked; that somebody was turned
 * away is noted, so the transaction is to be committed before it is refused.
 */
@Injectable()
export class Instances {
  constructor(
    private readonly store: InstanceStore,
    private readonly agents: AgentStore,
    private readonly commands: Commands,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Who names no instance is of an older version, and held to the same. */
  async admit(
    sql: Sql,
    agentPublicKey: string,
    asking: Instance | undefined,
    now: bigint,
  ): Promise<Decision> {
    const holder = await this.store.holder(sql, agentPublicKey);
    const rival = await this.store.rival(sql, agentPublicKey);
    const decision = admission(asking, holder, rival?.kind === 'session' ? rival : undefined, now);
    const log = { agent: agentPublicKey, host: holder?.host, otherHost: asking?.host };
    switch (decision.admit) {
      case 'same':
        await this.store.seen(sql, agentPublicKey, now);
        break;
      case 'refused':
        this.logger.warn(log, 'a second process of an agent was turned away');
        if (holder) await this.turnAway(sql, agentPublicKey, holder, asking, 'session', now);
        break;
      case 'new':
        if (decision.ended) {
          this.logger.info(
            { ...log, ended: decision.ended },
            'another process acts as the agent from now on',
          );
          await this.store.end(sql, agentPublicKey, decision.ended, now);
        }
        if (asking) await this.store.begin(sql, agentPublicKey, asking, now);
        if (rival?.kind === 'session' && rival.instanceId === (asking?.instanceId ?? null)) {
          await this.store.forgetRival(sql, agentPublicKey);
        }
        if (decision.ended === 'silence') {
          await this.tell(
            sql,
            agentPublicKey,
            { what: 'taken-over', host: holder?.host, otherHost: asking?.host },
            now,
          );
        }
    }
    return { admit: decision.admit, holder };
  }

  /** Notes who was turned away; when both live, the provider and the one at work are told, once a day. */
  async turnAway(
    sql: Sql,
    agentPublicKey: string,
    holder: Holder,
    asking: Pick<Instance, 'instanceId' | 'host'> | undefined,
    kind: Exclude<RivalKind, 'two-polling'>,
    now: bigint,
  ): Promise<void> {
    const before = await this.store.rival(sql, agentPublicKey);
    const instanceId = asking?.instanceId ?? null;
    const goesOn = before?.kind === kind && continues(instanceId, before, now);
    const rival = {
      kind,
      instanceId,
      host: asking?.host ?? null,
      sinceNs: goesOn ? before.sinceNs : now,
      seenNs: now,
      toldAtNs: before?.toldAtNs ?? null,
    };
    // One that is started again and again is another process each time.
    const sinceNs = before && now - before.seenNs < TOGETHER_NS ? before.sinceNs : rival.sinceNs;
    const isNews = bothLive(holder, { sinceNs }) && isToBeTold(rival.toldAtNs, now);
    await this.store.putRival(sql, agentPublicKey, isNews ? { ...rival, toldAtNs: now } : rival);
    if (!isNews) return;
    const what = kind === 'session' ? 'refused' : 'polls-beside';
    await this.tell(sql, agentPublicKey, { what, host: holder.host, otherHost: asking?.host }, now);
    const account = await this.agents.listeningAccount(sql, agentPublicKey);
    // It looks at what the platform wants, and finds there that it is not alone.
    if (account !== undefined) await this.commands.askToLook(sql, { agentPublicKey, account }, now);
  }

  /** Two that poll are seen by their heartbeats, and told of; nobody knows which of them is the right one. */
  async hearPolling(
    sql: Sql,
    agentPublicKey: string,
    body: Parameters<typeof printOf>[0] & { readonly beats: readonly PolledBeat[] },
    now: bigint,
  ): Promise<void> {
    const beats = withBeat(body.beats, printOf(body), now);
    await this.store.putPolledBeats(sql, agentPublicKey, beats);
    if (!looksDoubled(beats)) return;
    const before = await this.store.rival(sql, agentPublicKey);
    const isNews = isToBeTold(before?.toldAtNs ?? null, now);
    const sinceNs = before?.kind === 'two-polling' ? before.sinceNs : now;
    const toldAtNs = isNews ? now : (before?.toldAtNs ?? null);
    const kind = 'two-polling';
    await this.store.putRival(sql, agentPublicKey, {
      kind,
      instanceId: null,
      host: null,
      sinceNs,
      seenNs: now,
      toldAtNs,
    });
    if (!isNews) return;
    this.logger.warn({ agent: agentPublicKey }, 'two processes seem to poll as one agent');
    await this.tell(sql, agentPublicKey, { what: 'two-poll' }, now);
  }

  private async tell(
    sql: Sql,
    agentPublicKey: string,
    told: {
      what: 'refused' | 'taken-over' | 'polls-beside' | 'two-poll';
      host?: string | undefined;
      otherHost?: string | undefined;
    },
    now: bigint,
  ): Promise<void> {
    const { providerPublicKey, accountId, label } = await this.store.ownerOf(sql, agentPublicKey);
    await emitFact(
      sql,
      facts.agentDoubled,
      {
        agentPublicKey,
        providerPublicKey,
        ...(accountId !== null && { providerAccountId: accountId }),
        ...(label !== null && { label }),
        what: told.what,
        ...(told.host !== undefined && { host: told.host }),
        ...(told.otherHost !== undefined && { otherHost: told.otherHost }),
        atNs: now,
      },
      now,
    );
  }
}

/** Refusals less far apart belong together. */
const TOGETHER_NS = 120_000_000_000n;
