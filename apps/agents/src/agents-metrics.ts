import { secondsToNs } from '@decent-cloud/kernel';
import { consumers } from '@decent-cloud/messages';
import type { ServiceCore } from '@decent-cloud/runtime';
import { jetstreamManager } from '@nats-io/jetstream';
import { HEALTHY_SECONDS, ONLINE_SECONDS } from './registry/agent/domain/liveness.ts';

/** Gauges of the coordinator, read from the database when somebody looks. */
export function observeAgents({ metrics, database, bus, clock, logger }: ServiceCore): void {
  const onError = (error: unknown) => logger.warn({ error }, 'a gauge could not be read');
  const seconds = (ns: bigint) => Number(ns / 1_000_000n) / 1_000;

  metrics.observe(
    'dc_assignments',
    'Contracts by the state of their assignment; ended ones are not counted',
    ['state'],
    async () => {
      const rows = await database.query<{ state: string; count: number }>(
        `select state, count(*)::int as count from assignment where state <> 'ended' group by state`,
      );
      return rows.map(({ state, count }) => ({ labels: { state }, value: count }));
    },
    onError,
  );
  metrics.observe(
    'dc_assignment_oldest_seconds',
    'Time since the last change of the oldest assignment, by open state',
    ['state'],
    async () => {
      const rows = await database.query<{ state: string; since: bigint }>(
        `select state, min(updated_at_ns) as since from assignment
         where state in ('waiting', 'offered', 'claimed') group by state`,
      );
      return rows.map(({ state, since }) => ({ labels: { state }, value: seconds(clock() - since) }));
    },
    onError,
  );
  metrics.observe(
    'dc_agents',
    'Agents that are not revoked: all, online (heard in 5 minutes), healthy (heard in 45 seconds, in 5 minutes if it polls)',
    ['state'],
    async () => {
      const now = clock();
      const [row] = await database.query<{ total: number; online: number; healthy: number }>(
        `select count(*)::int as total, (count(*) filter (where last_heartbeat_ns > $1))::int as online,
           (count(*) filter (where last_heartbeat_ns > case when polls then $1 else $2 end))::int as healthy
         from agent where revoked_at_ns is null`,
        [now - secondsToNs(ONLINE_SECONDS), now - secondsToNs(HEALTHY_SECONDS)],
      );
      return Object.entries(row ?? {}).map(([state, value]) => ({ labels: { state }, value }));
    },
    onError,
  );
  metrics.observe(
    'dc_machine_drift',
    'Differences between ordered and reported machines: unknown (nobody ordered it), lost (vanished)',
    ['kind'],
    async () => {
      const [row] = await database.query<{ unknown: number; lost: number }>(
        `select (select coalesce(sum(unknown_machines), 0)::int from agent where revoked_at_ns is null) as unknown,
           (select count(*)::int from machine where lost_at_ns is not null) as lost`,
      );
      return Object.entries(row ?? {}).map(([kind, value]) => ({ labels: { kind }, value }));
    },
    onError,
  );
  metrics.observe(
    'dc_removals_unconfirmed',
    'Machines that are to be absent and whose agents have not confirmed it',
    [],
    async () => {
      const [row] = await database.query<{ count: number }>(
        `select count(*)::int as count from machine where desired = 'absent' and state <> 'gone'`,
      );
      return [{ value: row?.count ?? 0 }];
    },
    onError,
  );
  metrics.observe(
    'dc_removal_oldest_unconfirmed_seconds',
    'Age of the oldest order to remove a machine that is not confirmed',
    [],
    async () => {
      const [row] = await database.query<{ since: bigint | null }>(
        `select min(absent_since_ns) as since from machine where desired = 'absent' and state <> 'gone'`,
      );
      return [{ value: row?.since ? seconds(clock() - row.since) : 0 }];
    },
    onError,
  );
  metrics.observe(
    'dc_machine_operations_pending',
    'What tenants want done inside of machines and no agent has answered, by kind',
    ['kind'],
    async () => {
      const rows = await database.query<{ kind: string; count: number }>(
        `select kind, count(*)::int as count from machine_operation where state = 'pending' group by kind`,
      );
      return rows.map(({ kind, count }) => ({ labels: { kind }, value: count }));
    },
    onError,
  );
  metrics.observe(
    'dc_dns_records',
    'Names of machines behind gateways, by state: making, present, removing',
    ['state'],
    async () => {
      const rows = await database.query<{ state: string; count: number }>(
        'select state, count(*)::int as count from dns_record group by state',
      );
      return rows.map(({ state, count }) => ({ labels: { state }, value: count }));
    },
    onError,
  );
  metrics.observe(
    'dc_dns_record_tries',
    'Tries of the write of a name that has failed most often and has not come to its end',
    [],
    async () => {
      const [row] = await database.query<{ tries: number }>(
        'select coalesce(max(attempts), 0)::int as tries from dns_record where due_at_ns is not null',
      );
      return [{ value: row?.tries ?? 0 }];
    },
    onError,
  );
  metrics.observe(
    'dc_agent_accounts_due',
    'Accounts of agents whose newest claims the broker has not taken',
    [],
    async () => {
      const [row] = await database.query<{ count: number }>(
        'select count(*)::int as count from agent where account_push_due',
      );
      return [{ value: row?.count ?? 0 }];
    },
    onError,
  );
  const { stream, durable } = consumers['agent-events'];
  metrics.observe(
    'dc_agent_events_waiting',
    'Events of agents: pending (not delivered yet) and unacked (in hand)',
    ['state'],
    async () => {
      const manager = await jetstreamManager(bus.connection);
      const info = await manager.consumers.info(stream, durable);
      return [
        { labels: { state: 'pending' }, value: info.num_pending },
        { labels: { state: 'unacked' }, value: info.num_ack_pending },
      ];
    },
    onError,
  );
}
