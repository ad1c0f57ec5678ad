import { Database } from '@decent-cloud/postgres';
import { Injectable } from '@nestjs/common';
import { storedInstance } from '../../../coordination/assignment/machine-instance.stored.ts';
import { storedSpec } from '../../../coordination/assignment/machine-spec.stored.ts';
import type { Assignment, Machine } from '../../../coordination/assignment/rows.ts';

/** A machine that an agent is to have, or not to have any more. */
export type ListedMachine = Pick<Machine, 'contractId' | 'generation' | 'desired'> &
  Pick<Assignment, 'deadlineNs' | 'endsAtNs' | 'spec' | 'encryptionPublicKeys'> & {
    readonly sshPort: number | null;
  };

/** All that an agent shall have, as it was at one moment. */
export interface SnapshotRow {
  readonly version: bigint;
  /** Another process with its key. */
  readonly rival: { readonly host: string | null; readonly seenNs: bigint } | undefined;
  readonly machines: readonly ListedMachine[];
}

/** As JSON brings it. */
type TextMachine = Omit<ListedMachine, 'deadlineNs' | 'endsAtNs' | 'spec' | 'sshPort'> & {
  readonly spec: unknown;
  readonly instance: unknown;
  readonly deadlineNs: string;
  readonly endsAtNs: string | null;
};

@Injectable()
export class SnapshotStore {
  constructor(private readonly database: Database) {}

  /**
   * In one statement. What is to go comes first: that list must not be cut. Machines that the agent made while it polled
   * are left out while they shall run; rivals only count when they were seen since then. One that is made again has the
   * port of the one before.
   */
  async of(
    agentPublicKey: string,
    { rivalsSinceNs, mostMachines }: { readonly rivalsSinceNs: bigint; readonly mostMachines: number },
    now: bigint,
  ): Promise<SnapshotRow> {
    const [agent] = await this.database.query<{
      version: bigint;
      machines: string;
      rivalHost: string | null;
      rivalSeenNs: bigint | null;
    }>(
      `select a.desired_version as version, r.host as "rivalHost", r.seen_ns as "rivalSeenNs", (
         select coalesce(json_agg(json_build_object('contractId', contract_id, 'generation', generation,
             'desired', desired, 'deadlineNs', deadline_ns::text, 'endsAtNs', ends_at_ns::text, 'spec', spec,
             'encryptionPublicKeys', encryption_public_keys, 'instance', instance)), '[]')::text
         from (select m.contract_id, m.generation, m.desired, s.deadline_ns, s.ends_at_ns, s.spec,
                 s.encryption_public_keys, coalesce(m.instance, (select b.instance from machine b
                   where b.contract_id = m.contract_id and b.agent_public_key = m.agent_public_key
                     and b.instance is not null order by b.generation desc limit 1)) as instance
               from machine m join assignment s using (contract_id)
               where m.agent_public_key = a.agent_public_key and m.state <> 'gone'
                 and (m.desired = 'absent' or not (m.made_by_polling or coalesce(m.lease_expires_at_ns, 0) > $3))
               order by m.desired, m.offered_at_ns desc limit $2) as listed) as machines
       from agent a left join agent_rival r on r.agent_public_key = a.agent_public_key and r.seen_ns > $4
       where a.agent_public_key = $1`,
      [agentPublicKey, mostMachines, now, rivalsSinceNs],
    );
    const listed = JSON.parse(agent?.machines ?? '[]') as TextMachine[];
    const seenNs = agent?.rivalSeenNs ?? null;
    return {
      version: agent?.version ?? 0n,
      rival: seenNs === null ? undefined : { host: agent?.rivalHost ?? null, seenNs },
      machines: listed.map(({ deadlineNs, endsAtNs, spec, instance, ...machine }) => ({
        ...machine,
        deadlineNs: BigInt(deadlineNs),
        endsAtNs: endsAtNs === null ? null : BigInt(endsAtNs),
        spec: storedSpec.read(spec),
        sshPort: instance === null ? null : storedInstance.read(instance).sshPort,
      })),
    };
  }
}
