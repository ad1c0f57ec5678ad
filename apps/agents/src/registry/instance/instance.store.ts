import { secondsToNs } from '@decent-cloud/kernel';
import type { RivalKind } from '@decent-cloud/messages/words';
import { Database, expression, rowOf, type Sql } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { ONLINE_SECONDS } from '../agent/domain/liveness.ts';
import type { AtTheDoor, EndedBy, Holder, Instance } from './domain/admission.ts';
import type { PolledBeat } from './domain/polled-beats.ts';
import { storedBeat } from './polled-beat.stored.ts';

export interface Rival extends AtTheDoor {
  readonly kind: RivalKind;
  readonly host: string | null;
  readonly toldAtNs: bigint | null;
}
export interface ShownInstance {
  readonly agentPublicKey: string;
  readonly instanceId: string | null;
  readonly host: string | null;
  readonly beganAtNs: bigint | null;
  readonly rivalKind: RivalKind | null;
  readonly rivalHost: string | null;
  readonly rivalSinceNs: bigint | null;
  readonly rivalSeenNs: bigint | null;
}

const instanceRow = rowOf<Instance>()({
  instanceId: 'instance_id',
  host: 'host',
  place: 'place',
  boot: 'boot',
});
const holderRow = instanceRow.and<Omit<Holder, keyof Instance>>()({
  beganAtNs: 'began_at_ns',
  heardAtNs: expression('greatest(i.seen_at_ns, a.last_heartbeat_ns)'),
});
const rivalRow = rowOf<Rival>()({
  kind: 'kind',
  instanceId: 'instance_id',
  host: 'host',
  sinceNs: 'since_ns',
  seenNs: 'seen_ns',
  toldAtNs: 'told_at_ns',
});

const BEGIN = `insert into agent_instance (${instanceRow.names}, agent_public_key, began_at_ns, seen_at_ns)
  values (${instanceRow.places(3)}, $1, $2, $2)
  on conflict (agent_public_key, instance_id) do update set ${instanceRow.omit('instanceId').excluded},
    began_at_ns = excluded.began_at_ns, seen_at_ns = excluded.seen_at_ns, ended_at_ns = null, ended_by = null`;
const PUT_RIVAL = `insert into agent_rival (${rivalRow.names}, agent_public_key) values (${rivalRow.places(2)}, $1)
  on conflict (agent_public_key) do update set ${rivalRow.excluded}`;

/** Which process acts as which agent. Whoever changes that locks the agent first. */
@Injectable()
export class InstanceStore {
  constructor(private readonly database: Database) {}

  async holder(sql: Sql, agentPublicKey: string): Promise<Holder | undefined> {
    const [row] = await holderRow.query(
      sql,
      `select ${holderRow.selectFrom('i')}
       from agent_instance i join agent a using (agent_public_key)
       where i.agent_public_key = $1 and i.ended_at_ns is null`,
      [agentPublicKey],
    );
    return row;
  }

  /** The one at work, when it is online. */
  async livingHolder(sql: Sql, agentPublicKey: string, now: bigint): Promise<Holder | undefined> {
    const holder = await this.holder(sql, agentPublicKey);
    return holder && now - holder.heardAtNs < secondsToNs(ONLINE_SECONDS) ? holder : undefined;
  }

  /** How a process that is not at work ended; undefined: it never was. */
  async endOf(agentPublicKey: string, instanceId: string): Promise<EndedBy | undefined> {
    const [row] = await this.database.query<{ endedBy: EndedBy | null }>(
      'select ended_by as "endedBy" from agent_instance where agent_public_key = $1 and instance_id = $2',
      [agentPublicKey, instanceId],
    );
    return row?.endedBy ?? undefined;
  }

  async begin(sql: Sql, agentPublicKey: string, instance: Instance, now: bigint): Promise<void> {
    await sql.query(BEGIN, [agentPublicKey, now, ...instanceRow.values(instance)]);
  }

  async seen(sql: Sql, agentPublicKey: string, now: bigint): Promise<void> {
    await sql.query(
      'update agent_instance set seen_at_ns = $2 where agent_public_key = $1 and ended_at_ns is null',
      [agentPublicKey, now],
    );
  }

  async end(sql: Sql, agentPublicKey: string, endedBy: EndedBy, now: bigint): Promise<void> {
    await sql.query(
      `update agent_instance set ended_at_ns = $2, ended_by = $3
       where agent_public_key = $1 and ended_at_ns is null`,
      [agentPublicKey, now, endedBy],
    );
  }

  /** These said that they were leaving: they are offline from now on, as if they had been silent for long enough. */
  async leave(left: readonly { agentPublicKey: string; instanceId: string }[], now: bigint): Promise<void> {
    await this.database.query(
      `with ended as (
         update agent_instance i set ended_at_ns = $3, ended_by = 'left'
         from unnest($1::text[], $2::uuid[]) as l(key, instance)
         where i.agent_public_key = l.key and i.instance_id = l.instance and i.ended_at_ns is null
         returning i.agent_public_key)
       update agent a set last_heartbeat_ns = least(a.last_heartbeat_ns, $4)
       from ended where a.agent_public_key = ended.agent_public_key`,
      [
        left.map(({ agentPublicKey }) => agentPublicKey),
        left.map(({ instanceId }) => instanceId),
        now,
        now - secondsToNs(ONLINE_SECONDS),
      ],
    );
  }

  async rival(sql: Sql, agentPublicKey: string): Promise<Rival | undefined> {
    const [row] = await rivalRow.query(
      sql,
      `select ${rivalRow.select} from agent_rival where agent_public_key = $1`,
      [agentPublicKey],
    );
    return row;
  }

  async putRival(sql: Sql, agentPublicKey: string, rival: Rival): Promise<void> {
    await sql.query(PUT_RIVAL, [agentPublicKey, ...rivalRow.values(rival)]);
  }

  async forgetRival(sql: Sql, agentPublicKey: string): Promise<void> {
    await sql.query('delete from agent_rival where agent_public_key = $1', [agentPublicKey]);
  }

  async putPolledBeats(sql: Sql, agentPublicKey: string, beats: readonly PolledBeat[]): Promise<void> {
    await sql.query('update agent set polled_beats = $2 where agent_public_key = $1', [
      agentPublicKey,
      JSON.stringify(beats.map((beat) => storedBeat.keep(beat))),
    ]);
  }

  /** What is shown of these agents; rivals only when they were seen since then. */
  shown(agentPublicKeys: readonly string[], rivalsSinceNs: bigint): Promise<ShownInstance[]> {
    return this.database.query<ShownInstance>(
      `select a.agent_public_key as "agentPublicKey", i.instance_id as "instanceId", i.host,
         i.began_at_ns as "beganAtNs", r.kind as "rivalKind", r.host as "rivalHost", r.since_ns as "rivalSinceNs",
         r.seen_ns as "rivalSeenNs"
       from agent a
       left join agent_instance i on i.agent_public_key = a.agent_public_key and i.ended_at_ns is null
       left join agent_rival r on r.agent_public_key = a.agent_public_key and r.seen_ns > $2
       where a.agent_public_key = any($1::text[])`,
      [agentPublicKeys, rivalsSinceNs],
    );
  }

  /** Who owns the agent, as far as it is known, for notices. */
  async ownerOf(
    sql: Sql,
    agentPublicKey: string,
  ): Promise<{
    readonly providerPublicKey: string;
    readonly label: string | null;
    readonly accountId: string | null;
  }> {
    const [row] = await sql.query<{
      providerPublicKey: string;
      label: string | null;
      accountId: string | null;
    }>(
      `select a.provider_public_key as "providerPublicKey", a.label,
         (select s.provider_account_id from assignment s
          where s.provider_public_key = a.provider_public_key and s.provider_account_id is not null limit 1) as "accountId"
       from agent a where a.agent_public_key = $1`,
      [agentPublicKey],
    );
    if (!row) throw new Error(`unknown agent ${agentPublicKey}`);
    return row;
  }

  async purge(beforeNs: bigint): Promise<void> {
    await this.database.query('delete from agent_instance where ended_at_ns < $1', [beforeNs]);
    await this.database.query('delete from agent_rival where seen_ns < $1', [beforeNs]);
  }
}
