import type { AgentCommand, DesiredMachine } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import type { ScriptedAgent } from './scripted-agent.ts';

const SLOTS = 8;
const BEAT_MS = 5_000;

/** An agent that does its work: makes and removes machines, keeps what it could not say, compares when it is back. */
export class WorkingAgent {
  /** The machines that there are, by contract: the generation on each. */
  readonly park = new Map<string, number>();
  /** How often a machine was made for a contract and generation. */
  readonly made = new Map<string, number>();
  triedAgain = 0;
  private readonly unsent: object[] = [];
  private readonly sent: object[] = [];
  private isOnline = false;
  private obeyed = 0;
  private working: Promise<void> = Promise.resolve();

  constructor(readonly agent: ScriptedAgent) {}

  get unsentCount(): number {
    return this.unsent.length;
  }

  /** It is connected: from now on it hears and speaks. */
  start(): void {
    this.isOnline = true;
    this.working = this.work();
  }

  /** Goes on with what it is told, but of what it says only that it has begun leaves it any more. */
  loseVoice(): void {
    this.isOnline = false;
  }

  async disappear(): Promise<void> {
    this.isOnline = false;
    await this.agent.leave();
    await this.working;
  }

  /** As after an outage: a new session, what was not said, the wanted state, what there is. */
  async comeBack({ withOldJournal = false } = {}): Promise<void> {
    const { agent } = this;
    await this.again(() => agent.openSession());
    await this.again(() => agent.connect());
    if (withOldJournal) await this.sayOldThings();
    this.isOnline = true;
    for (const event of this.unsent.splice(0)) await this.tell(event);
    agent.publishHeartbeat(agent.heartbeat(this.freeSlots));
    const { machines } = await this.again(() => agent.snapshot());
    for (const machine of machines) {
      if (machine.desired === 'absent') await this.remove(machine);
      else if (machine.desired === 'running') await this.make(machine);
    }
    await this.tell(agent.observed(this.observed()));
    this.working = this.work();
  }

  /** Many come at the same time: who is not served at once tries again. */
  private async again<T>(step: () => Promise<T>): Promise<T> {
    this.triedAgain--;
    const { value } = await eventually(
      async () => {
        this.triedAgain++;
        return { value: await step() };
      },
      { deadlineMs: 120_000, everyMs: 200 },
    );
    return value;
  }

  /** A journal from a backup: events go out a second time, and machines are reported as if they were new. */
  private async sayOldThings(): Promise<void> {
    for (const event of this.sent.slice(-10)) await this.again(() => this.agent.report(event));
    for (const [contractId, generation] of this.park) {
      for (const event of [
        this.agent.claimed(contractId, generation),
        this.agent.provisioned(contractId, generation),
      ])
        await this.again(() => this.agent.report(event));
    }
  }

  private get freeSlots(): number {
    return Math.max(0, SLOTS - this.park.size);
  }

  private observed() {
    return [...this.park].map(([contractId, generation]) => ({
      externalId: `dc-${contractId.slice(0, 8)}`,
      contractId,
      generation,
      power: 'running',
    }));
  }

  private async work(): Promise<void> {
    let lastBeat = 0;
    while (!this.agent.connection.isClosed()) {
      for (; this.obeyed < this.agent.commands.length; this.obeyed++)
        await this.obey(this.agent.commands[this.obeyed] as AgentCommand);
      if (this.isOnline && performance.now() - lastBeat > BEAT_MS) {
        lastBeat = performance.now();
        this.agent.publishHeartbeat(this.agent.heartbeat(this.freeSlots));
      }
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  private async obey({ kind, machine }: AgentCommand): Promise<void> {
    if (!machine) return;
    if (kind === 'provision') await this.make(machine);
    if (kind === 'terminate') await this.remove(machine);
  }

  private async make({ contractId, generation }: DesiredMachine): Promise<void> {
    const there = this.park.get(contractId);
    if (there !== undefined && there >= generation) return;
    await this.tell(this.agent.claimed(contractId, generation));
    const key = `${contractId}:${generation}`;
    this.made.set(key, (this.made.get(key) ?? 0) + 1);
    this.park.set(contractId, generation);
    await this.tell(this.agent.provisioned(contractId, generation));
  }

  private async remove({ contractId, generation }: DesiredMachine): Promise<void> {
    if (this.park.get(contractId) === generation) this.park.delete(contractId);
    await this.tell(this.agent.terminated(contractId, generation));
  }

  private async tell(event: object): Promise<void> {
    if (!this.isOnline && !('kind' in event && event.kind === 'claimed')) {
      this.unsent.push(event);
      return;
    }
    // Its id stays the same: said twice is heard once.
    await this.again(() => this.agent.report(event));
    this.sent.push(event);
  }
}
