import { streams } from '@decent-cloud/messages';
import type { Agent } from './agent.ts';
import { MINUTE, MS, type Process, SECOND } from './kernel.ts';
import type { Service, Surroundings } from './service.ts';

const ROLLED_BACK = [streams.FACTS.name, streams.AGENT_CMD.name, streams.AGENT_EVT.name];

/** Faults that come by themselves: cut links, and a broker that comes back with an older disk. */
export class Weather {
  constructor(
    private readonly around: Surroundings,
    private readonly agents: readonly Agent[],
    private readonly services: () => readonly Service[],
  ) {}

  begin(): void {
    const { kernel } = this.around;
    kernel.launch(undefined, 'weather', this.cutLinks());
    kernel.launch(undefined, 'weather', this.stopAgents());
    kernel.launch(undefined, 'weather', this.rollBack());
    kernel.launch(undefined, 'weather', this.takeMachines());
  }

  private *cutLinks(): Process {
    const { kernel, faults } = this.around;
    const { random } = kernel;
    while (faults.active) {
      yield random.int(MINUTE, 6 * MINUTE);
      const agent = random.pick(this.agents);
      if (faults.hits('link-cut', agent.name)) agent.cutLink(random.int(SECOND, 4 * MINUTE));
    }
  }

  /** For another version: most often in the middle of something. */
  private *stopAgents(): Process {
    const { kernel, faults } = this.around;
    const { random } = kernel;
    while (faults.active) {
      yield random.int(SECOND, 20 * SECOND);
      const busy = this.agents.filter(({ isBusy }) => isBusy);
      const agent = random.pick(busy.length > 0 ? busy : this.agents);
      if (faults.hits('agent-stopped', agent.name)) agent.stop(random.int(200 * MS, 30 * SECOND));
    }
  }

  /** People at the provider's remove machines and switch them off. */
  private *takeMachines(): Process {
    const { kernel, faults } = this.around;
    const { random } = kernel;
    while (faults.active) {
      yield random.int(2 * MINUTE, 10 * MINUTE);
      const { backend } = random.pick(this.agents);
      const ids = [...backend.machines.keys()];
      if (ids.length === 0) continue;
      const externalId = random.pick(ids);
      if (faults.hits('machine-lost', externalId)) backend.lose(externalId);
      else if (faults.hits('machine-stopped', externalId)) backend.switchOff(externalId);
    }
  }

  private *rollBack(): Process {
    const { kernel, faults, broker } = this.around;
    const { random } = kernel;
    while (faults.active) {
      // While much is said, a stream soon has grown past what it had lost.
      const isBusy = kernel.now < 20 * MINUTE;
      yield random.int(5 * SECOND, isBusy ? 60 * SECOND : 8 * MINUTE);
      const stream = random.pick(ROLLED_BACK);
      if (!faults.hits('broker-rolled-back', stream)) continue;
      const downUs = random.int(500 * MS, 6 * SECOND);
      broker.rollBack(stream, random.int(1, random.pick([3, 8, 30])), downUs);
      for (const agent of this.agents) agent.cutLink(downUs + random.int(100 * MS, 3 * SECOND));
      for (const service of this.services()) service.streamsChanged();
    }
  }
}
