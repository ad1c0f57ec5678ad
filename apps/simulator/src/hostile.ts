import { type AgentEvent, agentSubjects } from '@decent-cloud/messages';
import type { Agents } from './agents.ts';
import type { StoredMachine } from './agents-tables.ts';
import { PublishFailedError } from './broker.ts';
import { type Process, SECOND } from './kernel.ts';
import type { Surroundings } from './service.ts';
import { SigningKey } from './signing.ts';

type Kind = 'terminated' | 'failed' | 'provisioned' | 'claimed';

/**
 * An agent with valid credentials that lies about the machines of others: in their name and over their subject (a
 * broker that shares accounts lets it), and in its own name over its own.
 */
export class HostileAgent {
  private readonly key: SigningKey;

  constructor(
    private readonly around: Surroundings,
    private readonly agents: Agents,
    readonly publicKey: string,
    private readonly account: string,
  ) {
    this.key = new SigningKey(publicKey);
  }

  *lieForEver(): Process {
    const { kernel, faults, broker } = this.around;
    const { random } = kernel;
    while (faults.active) {
      yield random.int(SECOND, 30 * SECOND);
      const machines = [...this.agents.rows.machines.values()].flat();
      const victims = machines.filter(({ state }) => state !== 'gone');
      if (victims.length === 0) continue;
      const victim = random.pick(victims);
      if (!faults.hits('forged-event', victim.contractId.slice(0, 8))) continue;
      const inItsName = random.chance(0.7);
      const event = this.lie(victim, inItsName ? victim.agentPublicKey : this.publicKey);
      const account = inItsName ? this.accountOf(victim) : this.account;
      try {
        yield* broker.publish(agentSubjects.event(account, event.kind), event.eventId, this.key.sign(event));
      } catch (error) {
        if (!(error instanceof PublishFailedError)) throw error;
      }
    }
  }

  private accountOf({ agentPublicKey }: StoredMachine): string {
    return this.agents.rows.agents.get(agentPublicKey)?.accountPublicKey ?? this.account;
  }

  private lie({ contractId, generation }: StoredMachine, agentPublicKey: string): AgentEvent {
    const { random, now } = this.around.kernel;
    const head = {
      v: 1 as const,
      eventId: random.uuid(),
      agentPublicKey,
      seq: 1_000_000 + Math.round(now / SECOND),
      atNs: this.agents.now.toString(),
      sig: '',
      contractId,
      generation,
    };
    const kind = random.pick<Kind>(['terminated', 'failed', 'provisioned', 'claimed']);
    if (kind === 'failed') {
      const payload = { class: 'permanent' as const, code: 'LIE', message: 'a lie', resourcesLeft: [] };
      return { ...head, kind, payload };
    }
    if (kind === 'provisioned') {
      const instance = { externalId: 'a-trap', provisionerType: 'simulated', sshPort: 22, sshUser: 'root' };
      return { ...head, kind, payload: { instance, credentials: [] } };
    }
    return { ...head, kind };
  }
}
