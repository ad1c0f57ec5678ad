import { printExactJson, Refusal } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { sendHeartbeat } from '@decent-cloud/messages/agents/polling';
import { Database, type Sql } from '@decent-cloud/postgres';
import { Answers, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { POLLING_HEARTBEAT_SECONDS } from '../../coordination/choosing/domain/polling.ts';
import { AgentStore } from '../../registry/agent/agent.store.ts';
import { HeartbeatStore, type Polled } from '../../registry/agent/heartbeat.store.ts';
import { requirePolling } from '../../registry/agent/speakers.ts';
import { InstanceStore } from '../../registry/instance/instance.store.ts';
import { Instances } from '../../registry/instance/instances.ts';
import { storedBeat } from '../../registry/instance/polled-beat.stored.ts';
import { heldByConnected } from './polling-door.ts';

const MOST_RESOURCES = 262_144;
/** As JSON writes it: U+0000 and lone surrogates. */
const UNSTORABLE = /\\u(0000|d[89a-f][0-9a-f]{2})/;

type Beat = VerbInput<typeof sendHeartbeat>['body'];

/** Whoever beats here polls, until it opens a session at the broker. What is left out stays as it was. */
@Answers(sendHeartbeat)
export class SendHeartbeat implements Verb<typeof sendHeartbeat> {
  constructor(
    private readonly database: Database,
    private readonly agents: AgentStore,
    private readonly heartbeats: HeartbeatStore,
    private readonly instances: InstanceStore,
    private readonly rivals: Instances,
  ) {}

  async run({ params, body }: VerbInput<typeof sendHeartbeat>, { caller, now }: VerbContext) {
    const agent = requirePolling(caller, 'heartbeat', params.pubkey);
    const resources = body.resources === undefined ? null : printResources(body.resources);
    const heard = await this.database.transaction(async (sql): Promise<Polled | Refusal> => {
      const holder = await this.instances.livingHolder(sql, agent.publicKey, now);
      if (!holder) return this.hear(sql, agent.publicKey, body, resources, now);
      await this.agents.lock(sql, agent.publicKey);
      await this.rivals.turnAway(sql, agent.publicKey, holder, undefined, 'polling', now);
      return heldByConnected(holder.host);
    });
    // That it was turned away is written down by now.
    if (heard instanceof Refusal) throw heard;
    const pool = heard;
    return {
      acknowledged: true,
      nextHeartbeatSeconds: BigInt(POLLING_HEARTBEAT_SECONDS),
      ...(pool.poolId !== null && { poolId: pool.poolId }),
      ...(pool.poolName !== null && { poolName: pool.poolName }),
      ...(pool.upgradeToVersion !== null && { upgradeToVersion: pool.upgradeToVersion }),
    };
  }

  private async hear(
    sql: Sql,
    agentPublicKey: string,
    body: Beat,
    resources: string | null,
    now: bigint,
  ): Promise<Polled> {
    const heartbeat = {
      agentPublicKey,
      version: body.version ?? null,
      provisionerType: body.provisionerType ?? null,
      activeContracts: Number(body.activeContracts),
      resources,
    };
    const pool = await this.heartbeats.hearPolling(sql, heartbeat, now);
    if (!pool) throw new Refusal('FORBIDDEN', 'DELEGATION_MISSING', 'No active delegation found');
    const beats = pool.beats.map((beat) => storedBeat.read(beat));
    await this.rivals.hearPolling(sql, agentPublicKey, { ...body, beats }, now);
    return pool;
  }
}

/** As the database can keep it. @throws Refusal INVALID */
function printResources(resources: object): string {
  const text = printExactJson(resources) ?? 'null';
  if (text.length <= MOST_RESOURCES && !UNSTORABLE.test(text)) return text;
  const why = `resources: must be at most ${MOST_RESOURCES} characters, without U+0000 and halves of characters`;
  throw new Refusal('INVALID', 'INVALID_INPUT', why);
}
