import type { DesiredMachine } from '../domain/machine.ts';

/** What the platform wants of this agent, as it last said: the newest snapshot and what was ordered since. */
export class Wanted {
  private readonly machines = new Map<string, DesiredMachine>();
  private ordered: DesiredMachine[] = [];
  private isComplete = false;

  /** A place in the commands so far: a snapshot that is asked for now knows what came before it. */
  mark(): number {
    return this.ordered.length;
  }

  /** The whole of it, as it was asked for at the mark. */
  replace(machines: readonly DesiredMachine[], mark: number): void {
    this.machines.clear();
    for (const machine of machines) this.machines.set(machine.contractId, machine);
    this.isComplete = true;
    this.ordered = this.ordered.slice(mark);
    for (const machine of this.ordered) this.put(machine);
  }

  /** A command: an older one changes nothing, and within one generation `absent` is final. */
  note(machine: DesiredMachine): void {
    this.ordered.push(machine);
    this.put(machine);
  }

  /** Undefined before the first snapshot since the start. */
  get all(): readonly DesiredMachine[] | undefined {
    return this.isComplete ? [...this.machines.values()] : undefined;
  }

  /** Where contracts that live are reached, as the platform knows it. */
  get ports(): ReadonlyMap<string, number> {
    return new Map(
      [...this.machines.values()].flatMap(({ contractId, desired, sshPort }) =>
        desired === 'absent' || sshPort === undefined ? [] : [[contractId, sshPort] as const],
      ),
    );
  }

  private put(machine: DesiredMachine): void {
    const known = this.machines.get(machine.contractId);
    if (known && known.generation > machine.generation) return;
    if (known?.generation === machine.generation && known.desired === 'absent') return;
    this.machines.set(machine.contractId, machine);
  }
}
