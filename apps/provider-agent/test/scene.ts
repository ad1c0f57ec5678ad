import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKeyPair } from '@decent-cloud/identity';
import type { AgentEvent, DesiredMachine } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { FakePlatform, nowNs } from './fake-platform.ts';
import { FIRST_PORT } from './ports.ts';
import { AgentSite } from './program.ts';
import { newSshKey, type SshKey } from './ssh.ts';

export const LONG_NS = 600_000_000_000n;

export interface SiteOptions {
  readonly machines?: number;
  /** After which a command without an answer comes again. */
  readonly ackWaitSeconds?: number;
  readonly config?: Parameters<AgentSite['writeConfig']>[1];
}

export const newContractId = (): string => randomBytes(32).toString('hex');
export const absent = (wanted: DesiredMachine, over: Partial<DesiredMachine> = {}): DesiredMachine => ({
  ...wanted,
  desired: 'absent',
  ...over,
});

/** What stands around the agents of a spec: a platform, a tenant with keys, and a folder for each of them. */
export class Scene {
  readonly tenant = generateKeyPair();
  private nextPort = FIRST_PORT;

  private constructor(
    readonly folder: string,
    readonly key: SshKey,
    readonly platform: FakePlatform,
  ) {}

  static async begin(): Promise<Scene> {
    const folder = await mkdtemp(join(tmpdir(), 'dc-agent-'));
    return new Scene(folder, await newSshKey(folder, 'tenant'), await FakePlatform.start());
  }

  async end(): Promise<void> {
    await this.platform.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** A new agent, with its configuration and ports of its own. */
  async newSite({ machines = 20, ackWaitSeconds, config }: SiteOptions = {}): Promise<AgentSite> {
    const known = await this.platform.newAgent(ackWaitSeconds);
    const site = new AgentSite(known, await mkdtemp(join(this.folder, 's-')), this.nextPort, machines);
    this.nextPort += machines;
    await site.writeConfig(this.platform.url, config);
    return site;
  }

  /** A machine that is to run, of a new contract. */
  wanted(over: Partial<DesiredMachine> = {}): DesiredMachine {
    return {
      contractId: newContractId(),
      generation: 1,
      desired: 'running',
      deadlineNs: (nowNs() + LONG_NS).toString(),
      spec: { offeringId: 'small', sshPublicKeys: [this.key.publicKey] },
      encryptionPublicKeys: [this.tenant.publicKeyHex],
      ...over,
    };
  }

  async provision({ known }: AgentSite, ...commands: readonly DesiredMachine[]): Promise<void> {
    await Promise.all(commands.map((wanted) => this.platform.command(known, 'provision', wanted).send()));
  }

  terminate({ known }: AgentSite, wanted: DesiredMachine, over?: Partial<DesiredMachine>): Promise<void> {
    return this.platform.command(known, 'terminate', absent(wanted, over)).send();
  }

  async provisioned(
    { contractId }: Pick<DesiredMachine, 'contractId'>,
    deadlineMs?: number,
  ): Promise<Extract<AgentEvent, { kind: 'provisioned' }>> {
    const event = await this.platform.eventOf(contractId, 'provisioned', deadlineMs);
    if (event.kind !== 'provisioned') throw new Error(event.kind);
    return event;
  }

  /** Of a contract, without the progress. */
  kindsOf({ contractId }: Pick<DesiredMachine, 'contractId'>): string[] {
    return this.platform.eventsOf(contractId).map(({ kind }) => kind);
  }

  beatsOf({ known }: Pick<AgentSite, 'known'>) {
    const { publicKeyHex } = known.agent;
    return this.platform.heartbeats.filter(({ agentPublicKey }) => agentPublicKey === publicKeyHex);
  }

  /** What the agent has last said is there. */
  lastObserved({ known }: AgentSite) {
    const { publicKeyHex } = known.agent;
    const found = this.platform.events.findLast(
      ({ event }) => event.kind === 'observed' && event.agentPublicKey === publicKeyHex,
    )?.event;
    return found?.kind === 'observed' ? found.payload.machines : undefined;
  }

  /** Returns when the agent has answered every command. */
  settled({ known }: AgentSite, deadlineMs = 20_000): Promise<boolean> {
    return eventually(async () => (await this.platform.unsettled(known)) === 0, {
      deadlineMs,
      what: 'every command being answered',
    });
  }
}
