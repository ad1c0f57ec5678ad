import type { Clock } from '@decent-cloud/kernel';
import type { Database as ServiceDatabase } from '@decent-cloud/postgres';
import type { Logger } from '@decent-cloud/runtime';
import type { PlatformKey } from '../../agents/src/commands/platform-key.ts';
import type { AssignmentStore } from '../../agents/src/coordination/assignment/assignment.store.ts';
import type { CandidateStore } from '../../agents/src/coordination/choosing/candidate.store.ts';
import type { AgentEventHandler } from '../../agents/src/coordination/events/agent-event-handler.ts';
import type { InsideEvents } from '../../agents/src/coordination/machine-actions/inside-events.ts';
import type { MachineActions } from '../../agents/src/coordination/machine-actions/machine-actions.ts';
import type { DnsRecordStore } from '../../agents/src/dns/dns-record.store.ts';
import type { AgentWireMetrics } from '../../agents/src/doors/broker/wire/agent-wire-metrics.ts';
import type { SnapshotStore } from '../../agents/src/doors/broker/wire/snapshot.store.ts';
import type { AgentStore } from '../../agents/src/registry/agent/agent.store.ts';
import type { HeartbeatStore } from '../../agents/src/registry/agent/heartbeat.store.ts';
import type { InstanceStore } from '../../agents/src/registry/instance/instance.store.ts';
import type { PoolStore } from '../../agents/src/registry/pool/pool.store.ts';
import type { AgentsSettings } from '../../agents/src/settings.ts';
import {
  agentsInMemory,
  candidatesInMemory,
  heartbeatsInMemory,
  snapshotsInMemory,
} from './agents-in-memory.ts';
import type { AgentsTables } from './agents-tables.ts';
import type { AssignmentsInMemory } from './assignments-in-memory.ts';
import type { Database } from './database.ts';
import type { Parts } from './parts.ts';
import { PLATFORM_KEY, SigningKey } from './signing.ts';
import { standIn } from './stand-in.ts';

export interface CoordinatorNeeds {
  readonly parts: Parts['agents'];
  readonly database: Database;
  readonly tables: AgentsTables;
  readonly assignments: AssignmentsInMemory;
  readonly settings: AgentsSettings;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly wire: AgentWireMetrics;
  /** Puts somebody who is told of every event that takes effect before who handles it. */
  readonly watched: (handler: AgentEventHandler) => AgentEventHandler;
}

/** The coordinator's own classes over stores in memory, put together as in the real service. */
export function coordinatorFlows(needs: CoordinatorNeeds) {
  const { parts, database: memory, tables, settings, logger, clock, wire } = needs;
  const store = standIn<AssignmentStore>(needs.assignments);
  const agents = standIn<AgentStore>(agentsInMemory(memory, tables));
  const choices: PoolStore['choices'] = async (_, provider) =>
    tables.pools.filter((pool) => pool.providerPublicKey === provider);
  const pools = standIn<PoolStore, 'choices'>({ choices });
  const database = standIn<ServiceDatabase, 'transaction'>({
    transaction: (work) => memory.transaction(work),
  });
  const key = new SigningKey(PLATFORM_KEY);
  const platformKey = standIn<PlatformKey>({
    publicKeyHex: key.publicKey,
    sign: (message) => key.sign(message),
  });
  // Nobody wants anything done inside of machines, nor names for them; agents name no process of theirs.
  const actions = standIn<MachineActions, 'giveUpAll'>({ giveUpAll: async () => undefined });
  const inside = standIn<InsideEvents, never>({});
  const names = standIn<DnsRecordStore, 'leaveToGo'>({ leaveToGo: async () => undefined });
  const instances = standIn<InstanceStore, never>({});

  const commands = new parts.Commands(platformKey);
  const removals = new parts.Removals(store, agents, commands, settings);
  const candidates = new parts.Candidates(pools, standIn<CandidateStore>(candidatesInMemory(tables)));
  const coordinator = new parts.Coordinator(store, candidates, commands, removals, settings);
  const availability = new parts.Availability(store);
  const observations = new parts.Observations(store, agents, removals, availability, settings);
  const handler = needs.watched(
    new parts.AgentEventHandler(store, coordinator, removals, inside, names, availability, observations),
  );
  const known = new parts.KnownAgents(agents, instances);
  const signed = new parts.SignedByAgent();
  const beats = standIn<HeartbeatStore>(heartbeatsInMemory(memory, tables));
  const lists = standIn<SnapshotStore>(snapshotsInMemory(memory, tables));
  return {
    all: [
      new parts.OnContractAccepted(store, coordinator),
      new parts.OnContractEnded(store, removals, actions, names),
      new parts.OnMachineWantedAgain(store, coordinator),
      new parts.OnPaidTimeChanged(store, commands),
      new parts.DriveAssignments(database, store, coordinator, settings, logger),
      new parts.RepeatRemovals(database, store, removals, logger),
    ],
    events: new parts.AgentEvents(database, handler, known, signed, wire, clock),
    heartbeats: new parts.Heartbeats(beats, known, instances, signed, wire, clock, logger),
    snapshots: new parts.Snapshots(lists, known, signed, platformKey, wire, clock, logger),
  };
}
