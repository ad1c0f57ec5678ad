import type { Clock } from '@decent-cloud/kernel';
import type { DesiredSnapshot } from '@decent-cloud/messages/agents/protocol';
import type { Backend } from '../backends/backend.ts';
import type { DesiredMachine, FoundMachine } from '../domain/machine.ts';
import { type Knowledge, machinesNamed, type Orphan, orphanOf, orphansOf } from '../domain/orphans.ts';
import { type PlanStep, planOf } from '../domain/plan.ts';
import type { MachineRecord } from '../domain/record.ts';
import type { Logger } from '../log.ts';
import type { OwnMarks } from './observe.ts';

/** What an operator asked for is not done, with the reason for people. */
export class OperatorRefusal extends Error {
  override readonly name = 'OperatorRefusal';
}

export interface OperatorOptions {
  readonly backend: Pick<Backend, 'list' | 'listOthers' | 'terminate'>;
  readonly own: OwnMarks;
  readonly logger: Logger;
  /** The platform's time. */
  readonly now: Clock;
  readonly records: () => Iterable<MachineRecord>;
  readonly ask: () => Promise<DesiredSnapshot>;
  /** Puts the machine that is there under its contract and says so. */
  readonly adopt: (machine: DesiredMachine, externalId: string) => Promise<void>;
  /** Nothing else is done about the contract meanwhile. */
  readonly exclusively: <T>(contractId: string, work: () => Promise<T>) => Promise<T>;
  /** The platform hears what is there now. */
  readonly report: () => Promise<void>;
}

export interface OrphanList {
  /** When the platform said what it wants; null: it could not be asked. */
  readonly snapshotAtNs: string | null;
  /** Why it could not be asked. */
  readonly fault?: string;
  readonly orphans: readonly Orphan[];
}

export interface Plan {
  readonly snapshotAtNs: string;
  readonly steps: readonly PlanStep[];
}

/** What a person at the provider's may look at and order: the same with a running agent and without one. */
export class Operator {
  private readonly options: OperatorOptions;

  constructor(options: OperatorOptions) {
    this.options = options;
  }

  async orphans(): Promise<OrphanList> {
    let snapshot: DesiredSnapshot | undefined;
    let fault: string | undefined;
    try {
      snapshot = await this.options.ask();
    } catch (error) {
      fault = error instanceof Error ? error.message : String(error);
    }
    const knowledge = await this.knowledge(snapshot);
    return {
      snapshotAtNs: snapshot?.atNs ?? null,
      ...(fault !== undefined && { fault }),
      orphans: [...orphansOf(knowledge), ...orphansOf({ ...knowledge, machines: await this.others() })],
    };
  }

  /** What reconciling would do now. Changes nothing. @throws when the platform cannot be asked */
  async plan(): Promise<Plan> {
    const snapshot = await this.options.ask();
    const nowNs = this.options.now();
    const situation = { ...(await this.knowledge(snapshot)), desired: snapshot.machines, nowNs };
    return { snapshotAtNs: snapshot.atNs, steps: planOf(situation) };
  }

  /** @throws OperatorRefusal; and when the platform cannot be asked */
  async adopt(idOrBeginning: string): Promise<Orphan> {
    const snapshot = await this.options.ask();
    const externalId = await this.idMeant(idOrBeginning);
    const orphan = await this.mustBeOrphan(externalId, snapshot);
    if (orphan.whyNotAdopt !== undefined) throw refusal(externalId, 'adopted', orphan.whyNotAdopt);
    const wanted = snapshot.machines.find(({ contractId }) => contractId === orphan.contractId);
    if (!wanted) throw refusal(externalId, 'adopted', 'its contract has gone');
    this.options.logger.info({ externalId, contractId: wanted.contractId }, 'adopted by an operator');
    await this.options.adopt(wanted, externalId);
    await this.options.report();
    return orphan;
  }

  /** Returns when the machine is confirmed gone. @throws OperatorRefusal; and when the platform cannot be asked */
  async destroy(externalId: string): Promise<Orphan> {
    const { contractId } = await this.mustBeOrphan(externalId, undefined);
    // Judged with the contract held, so that no command begins with the machine in between.
    const orphan = await this.options.exclusively(contractId ?? externalId, async () => {
      const judged = await this.mustBeOrphan(externalId, await this.options.ask());
      if (judged.whyNotDestroy !== undefined) throw refusal(externalId, 'destroyed', judged.whyNotDestroy);
      this.options.logger.info({ ...judged }, 'destroyed by an operator');
      await this.options.backend.terminate(externalId);
      return judged;
    });
    await this.options.report();
    return orphan;
  }

  /** @throws OperatorRefusal when it is the beginning of none, or of more than one */
  private async idMeant(text: string): Promise<string> {
    const named = machinesNamed([...(await this.options.backend.list()), ...(await this.others())], text);
    const [machine] = named;
    if (machine && named.length === 1) return machine.externalId;
    if (!machine) throw new OperatorRefusal(`there is no machine "${text}"`);
    const ids = named.map(({ externalId }) => externalId).slice(0, 5);
    throw new OperatorRefusal(`"${text}" is the beginning of ${named.length} machines: ${ids.join(', ')}`);
  }

  private async mustBeOrphan(externalId: string, snapshot: DesiredSnapshot | undefined): Promise<Orphan> {
    const knowledge = await this.knowledge(snapshot);
    const isMeant = (one: FoundMachine) => one.externalId === externalId;
    const machine = knowledge.machines.find(isMeant) ?? (await this.others()).find(isMeant);
    if (!machine) throw new OperatorRefusal(`there is no machine "${externalId}"`);
    const orphan = orphanOf(machine, knowledge);
    if (orphan) return orphan;
    const { contractId } = machine.marks ?? {};
    throw new OperatorRefusal(
      `"${externalId}" is no orphan: it serves the contract ${contractId ?? 'that the journal has for it'}`,
    );
  }

  private async others(): Promise<FoundMachine[]> {
    return (await this.options.backend.listOthers?.()) ?? [];
  }

  private async knowledge(snapshot: DesiredSnapshot | undefined): Promise<Knowledge> {
    const machines = await this.options.backend.list();
    return {
      machines,
      records: [...this.options.records()],
      desired: snapshot?.machines,
      own: this.options.own,
    };
  }
}

const refusal = (externalId: string, what: string, why: string) =>
  new OperatorRefusal(`"${externalId}" is not ${what}: ${why}`);
