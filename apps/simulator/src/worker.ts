import { jitteredBackoffMs } from '@decent-cloud/kernel';
import type { AgentEvent, DesiredMachine } from '@decent-cloud/messages';
import type { JournalEntry } from '../../provider-agent/src/domain/journal-entry.stored.ts';
import type { MachineRecord } from '../../provider-agent/src/domain/record.ts';
import { type Backend, BackendFault, type Marks, type RealMachine } from './backend.ts';
import { ContractLock, Slots } from './contract-lock.ts';
import { type Kernel, MS, type Process } from './kernel.ts';
import type { Rules } from './rules.ts';

export interface Command {
  readonly machine: DesiredMachine;
  readonly commandId?: string | undefined;
  /** Whether what was said already is said again. */
  readonly repeatResult: boolean;
}
type Unsigned<E> = E extends AgentEvent
  ? Omit<E, 'v' | 'eventId' | 'agentPublicKey' | 'seq' | 'atNs' | 'sig'>
  : never;
/** What an event says; its head is added. */
export type EventBody = Unsigned<AgentEvent>;

/** What the worker needs of its agent. */
export interface WorkerContext {
  readonly kernel: Kernel;
  readonly rules: Rules['agent'];
  readonly backend: Backend;
  readonly marks: Pick<Marks, 'environment' | 'agent'>;
  readonly maxParallelProvisions: number;
  now(): bigint;
  records(): ReadonlyMap<string, MachineRecord>;
  /** All of it is on the disk when this returns, or nothing. */
  write(entries: readonly JournalEntry[]): Process;
  draft(body: EventBody): { readonly eventId: string; readonly entry: JournalEntry };
  sendOnce(body: EventBody): Process;
  repeat(eventId: string): Process;
  wake(): void;
  seen(what: string): void;
}

class SupersededError extends Error {
  override readonly name = 'SupersededError';
}
interface Creation {
  readonly generation: number;
  isCalledOff: boolean;
}
type Base = Pick<MachineRecord, 'contractId' | 'generation' | 'commandId' | 'endsAtNs'>;

/** Commands into machines, as the real worker does it: one at a time for each contract, journal before and after. */
export class Worker {
  private readonly lock = new ContractLock();
  private readonly slots: Slots;
  private readonly creations = new Map<string, Set<Creation>>();

  constructor(private readonly context: WorkerContext) {
    this.slots = new Slots(context.maxParallelProvisions);
  }

  *resumeRemoval({ contractId, generation, commandId }: MachineRecord): Process {
    yield* this.lock.run(contractId, () => this.remove({ contractId, generation, commandId }));
  }

  /** @returns the event that answers the command, when there is one */
  *carryOut(command: Command): Process<string | undefined> {
    const { contractId, generation, desired } = command.machine;
    for (const creation of this.creations.get(contractId) ?? []) {
      const isOver =
        desired === 'running' ? creation.generation < generation : creation.generation <= generation;
      if (isOver) creation.isCalledOff = true;
    }
    if (desired !== 'running') return yield* this.lock.run(contractId, () => this.act(command));
    const creation: Creation = { generation, isCalledOff: false };
    const all = this.creations.get(contractId) ?? new Set();
    this.creations.set(contractId, all.add(creation));
    try {
      return yield* this.lock.run(contractId, () => this.act(command, creation));
    } catch (error) {
      if (!(error instanceof SupersededError)) throw error;
      this.context.seen('creation called off');
      return undefined;
    } finally {
      all.delete(creation);
      if (all.size === 0) this.creations.delete(contractId);
    }
  }

  *startAgain(contractId: string): Process {
    const { context } = this;
    yield* this.lock.run(contractId, function* () {
      const record = context.records().get(contractId);
      if (record?.phase !== 'running' || record.externalId === undefined) return;
      const found = yield* context.backend.look(contractId);
      if (found?.power !== 'stopped' || found.externalId !== record.externalId) return;
      context.seen('machine started again');
      yield* context.backend.setPower(found.externalId, 'running');
    });
  }

  *enforceEndings(connected: boolean): Process {
    const { rules, backend } = this.context;
    const due = rules.dueEndings(this.context.records().values(), this.context.now(), connected);
    for (const record of due) {
      if (record.externalId) yield* backend.setPower(record.externalId, 'stopped');
      yield* this.writeRecord({ ...record, phase: 'stopped' });
    }
  }

  private *act(command: Command, creation?: Creation): Process<string | undefined> {
    const { rules, backend } = this.context;
    const { contractId, generation, desired, endsAtNs } = command.machine;
    const known = this.context.records().get(contractId);
    const decision = rules.decide(command.machine, known, this.context.now());
    if (known && desired === 'running' && known.generation === generation && known.endsAtNs !== endsAtNs) {
      yield* this.writeRecord({ ...known, endsAtNs });
    }
    const record = this.context.records().get(contractId);
    switch (decision.act) {
      case 'create':
        return yield* this.inSlot(creation as Creation, () => this.create(command, creation as Creation));
      case 'remove':
        return yield* this.remove({ contractId, generation, commandId: command.commandId });
      case 'stop':
      case 'resume': {
        const power = decision.act === 'stop' ? 'stopped' : 'running';
        if (record?.externalId) {
          yield* backend.setPower(record.externalId, power);
          yield* this.writeRecord({ ...record, phase: power });
        }
        return undefined;
      }
      case 'repeat-result':
        if (command.repeatResult && record?.resultEventId) yield* this.context.repeat(record.resultEventId);
        return record?.resultEventId;
      case 'nothing':
        this.context.seen(`command that is ${decision.why}`);
        return undefined;
    }
  }

  // ---- making ------------------------------------------------------------------------------------

  private *create({ machine, commandId }: Command, creation: Creation): Process<string> {
    const { context } = this;
    const { contractId, generation, endsAtNs, deadlineNs } = machine;
    const base: Base = { contractId, generation, commandId, endsAtNs };
    let before: RealMachine | undefined;
    let looked = false;
    try {
      before = yield* context.backend.find(contractId);
      if (before) context.seen('machine found by its marks');
      looked = true;
      this.mustBeOurs(before, generation);
      if (!machine.spec) throw new BackendFault('config', 'the command does not say what to make');
      if (!before && context.now() > BigInt(deadlineNs)) {
        throw new BackendFault('transient', 'the command came after its deadline');
      }
      goOn(creation);
      yield* this.claim(base);
      if (context.kernel.random.chance(0.3)) {
        const { contractId: id, generation: of } = base;
        yield* context.sendOnce({
          kind: 'progress',
          contractId: id,
          generation: of,
          payload: { step: 'create' },
        });
      }
      const made = yield* context.backend.provision({ contractId, generation, ...context.marks });
      goOn(creation);
      const { externalId } = made;
      const instance = { externalId, provisionerType: 'simulated', sshPort: 22, sshUser: 'root' };
      const event = context.draft({
        kind: 'provisioned',
        contractId,
        generation,
        ...(commandId !== undefined && { causationId: commandId }),
        payload: { instance, credentials: [] },
      });
      yield* this.writeRecord(
        { ...base, phase: 'running', externalId, resultEventId: event.eventId },
        event.entry,
      );
      context.wake();
      return event.eventId;
    } catch (error) {
      const isExpected = error instanceof BackendFault || error instanceof SupersededError;
      if (!isExpected) throw error;
      const left = before ? [before.externalId] : looked ? yield* this.clearAway(contractId, generation) : [];
      if (creation.isCalledOff) throw new SupersededError();
      const fault = error instanceof BackendFault ? error : new BackendFault('transient', 'unexpected fault');
      return yield* this.reportFailure(base, fault, left);
    }
  }

  private *claim(base: Base): Process {
    const { contractId, generation, commandId } = base;
    const known = this.context.records().get(contractId);
    if (known?.phase === 'creating' && known.generation === generation) return;
    const event = this.context.draft({
      kind: 'claimed',
      contractId,
      generation,
      ...(commandId !== undefined && { causationId: commandId }),
    });
    yield* this.writeRecord({ ...base, phase: 'creating' }, event.entry);
    this.context.wake();
  }

  private mustBeOurs(found: RealMachine | undefined, generation: number): void {
    const verdict = this.context.rules.mayTouch(found?.marks, { generation, ...this.context.marks });
    if (verdict !== 'yes') throw new BackendFault('permanent', `the machine that was found is ${verdict}`);
  }

  /** Removes what this attempt has made, and only that. */
  private *clearAway(contractId: string, generation: number): Process<string[]> {
    const { backend } = this.context;
    let externalId = contractId;
    try {
      const found = yield* backend.find(contractId);
      if (!found || found.marks.generation !== generation) return [];
      externalId = found.externalId;
      yield* backend.terminate(externalId);
      return [];
    } catch (error) {
      if (!(error instanceof BackendFault)) throw error;
      return [externalId];
    }
  }

  private *reportFailure(base: Base, fault: BackendFault, left: readonly string[]): Process<string> {
    const { context } = this;
    const { contractId, generation, commandId } = base;
    const event = context.draft({
      kind: 'failed',
      contractId,
      generation,
      ...(commandId !== undefined && { causationId: commandId }),
      payload: {
        class: fault.failureClass,
        code: 'SIMULATED',
        message: fault.message,
        resourcesLeft: left.map((id) => ({ kind: 'simulated-machine', id })),
      },
    });
    const known = context.records().get(contractId);
    // A machine that runs already is not forgotten because a command about it cannot be followed.
    if (known !== undefined && known.generation > generation) yield* context.write([event.entry]);
    else yield* this.writeRecord({ ...base, phase: 'failed', resultEventId: event.eventId }, event.entry);
    context.wake();
    return event.eventId;
  }

  // ---- removing ----------------------------------------------------------------------------------

  private *remove(command: Omit<Base, 'endsAtNs'>): Process<string | undefined> {
    const { context } = this;
    const { contractId, generation, commandId } = command;
    for (let failures = 0; ; failures++) {
      try {
        if (!(yield* this.removeOnce(command))) return undefined;
        break;
      } catch (error) {
        if (!(error instanceof BackendFault)) throw error;
        const random = () => context.kernel.random.next();
        yield (1_000 + jitteredBackoffMs(failures, random, 1_000, 120_000)) * MS;
      }
    }
    const event = context.draft({
      kind: 'terminated',
      contractId,
      generation,
      ...(commandId !== undefined && { causationId: commandId }),
    });
    yield* this.writeRecord(
      { contractId, generation, commandId, phase: 'gone', resultEventId: event.eventId },
      event.entry,
    );
    context.wake();
    return event.eventId;
  }

  private *removeOnce({ contractId, generation, commandId }: Omit<Base, 'endsAtNs'>): Process<boolean> {
    const { context } = this;
    const found = yield* context.backend.find(contractId);
    if (context.rules.mayTouch(found?.marks, { generation, ...context.marks }) !== 'yes') return false;
    const externalId = found?.externalId ?? context.records().get(contractId)?.externalId;
    yield* this.writeRecord({ contractId, generation, commandId, externalId, phase: 'removing' });
    if (externalId) yield* context.backend.terminate(externalId);
    return true;
  }

  // ---- one after the other -----------------------------------------------------------------------

  private writeRecord(record: Omit<MachineRecord, 'changedAtNs'>, ...more: JournalEntry[]): Process {
    const changedAtNs = this.context.now().toString();
    return this.context.write([{ t: 'machine', record: { ...record, changedAtNs } }, ...more]);
  }

  private *inSlot<T>(creation: Creation, work: () => Process<T>): Process<T> {
    goOn(creation);
    return yield* this.slots.run(() => {
      goOn(creation);
      return work();
    });
  }
}

function goOn(creation: Creation): void {
  if (creation.isCalledOff) throw new SupersededError();
}
