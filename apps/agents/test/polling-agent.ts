import { generateKeyPair, type KeyPair } from '@decent-cloud/identity';
import type { Answer, Caller } from '@decent-cloud/messages';
import { recordHealth, registerGateway, setGatewayDns, setUpAgent } from '@decent-cloud/messages/agents';
import * as polling from '@decent-cloud/messages/agents/polling';
import { AGENT_PERMISSIONS, type AgentPermission } from '@decent-cloud/messages/words';
import { eventually } from '@decent-cloud/testing';
import type { Stage } from './stage.ts';

export const PASSWORD = 'Zk3vQ9mT1xR7pL5wB2nH8cYd';

/** What a machine's agent says of it. */
export const plainDetails = (changes: object = {}): string =>
  JSON.stringify({
    external_id: 'vm-100',
    ip_address: '10.0.0.7',
    ipv6_address: null,
    public_ip: '198.51.100.7',
    ssh_port: 22,
    root_password: PASSWORD,
    additional_details: 'node pve1',
    gateway_slug: 'k7m2p4',
    gateway_subdomain: 'k7m2p4.dc-lk.gw.example',
    gateway_ssh_port: 20_000,
    ...changes,
  });

/** An agent as it was shipped, call by call. */
export class PollingAgent {
  private constructor(
    private readonly stage: Stage,
    readonly provider: string,
    private readonly poolId: string,
    readonly key: KeyPair = generateKeyPair(),
  ) {}

  /** Another process with the key of an agent that has joined. */
  static withKey(stage: Stage, provider: string, poolId: string, key: KeyPair): PollingAgent {
    return new PollingAgent(stage, provider, poolId, key);
  }

  /** Has joined the pool and beaten. */
  static async join(stage: Stage, provider: string, poolId: string): Promise<PollingAgent> {
    stage.playContracts();
    const agent = new PollingAgent(stage, provider, poolId);
    const token = await stage.token(provider, poolId);
    await stage.ask(setUpAgent, { body: { token, agentPubkey: agent.publicKey } }, { kind: 'anonymous' });
    await stage.signedBy(agent.publicKey, provider);
    await agent.beat();
    return agent;
  }

  get publicKey(): string {
    return this.key.publicKeyHex;
  }

  caller(permissions: readonly AgentPermission[] = AGENT_PERMISSIONS, provider = this.provider): Caller {
    const { publicKey, poolId } = this;
    return { kind: 'agent', publicKey, providerPublicKey: provider, poolId, permissions };
  }

  private get params() {
    return { pubkey: this.provider };
  }
  private of(contractId: string) {
    return { pubkey: this.provider, contract_id: contractId };
  }

  beat(body: object = {}) {
    const said = { version: '0.6.0', provisionerType: 'docker', activeContracts: 0, ...body };
    return this.stage.ask(polling.sendHeartbeat, { params: this.params, body: said }, this.caller());
  }
  pending(): Promise<Answer<typeof polling.listPendingProvision>> {
    return this.stage.ask(polling.listPendingProvision, { params: this.params }, this.caller());
  }
  /** Polls until the contract is there. */
  seesPending(contractId: string) {
    return eventually(async () => (await this.pending()).find((one) => one.contract_id === contractId), {
      what: 'the contract among the pending ones',
    });
  }
  lock(contractId: string, caller = this.caller()) {
    return this.stage.ask(polling.lockContract, { params: this.of(contractId) }, caller);
  }
  unlock(contractId: string) {
    return this.stage.ask(polling.unlockContract, { params: this.of(contractId) }, this.caller());
  }
  report(contractId: string, status: string, instanceDetails?: string, caller = this.caller()) {
    const input = { params: { id: contractId }, body: { status, instanceDetails } };
    return this.stage.ask(polling.reportProvisioning, input, caller);
  }
  terminated(contractId: string) {
    return this.stage.ask(polling.reportTerminated, { params: this.of(contractId) }, this.caller());
  }
  reconcile(...contractIds: string[]) {
    const runningInstances = contractIds.map((contractId) => ({ externalId: 'vm-100', contractId }));
    return this.stage.ask(
      polling.reconcileMachines,
      { params: this.params, body: { runningInstances } },
      this.caller(),
    );
  }
  health(contractId: string, body: object = {}, caller = this.caller()) {
    const said = { checkedAt: this.stage.clock(), status: 'healthy' as const, ...body };
    return this.stage.ask(recordHealth, { params: { id: contractId }, body: said }, caller);
  }
  resets(caller = this.caller()) {
    return this.stage.ask(polling.listPendingPasswordResets, { params: this.params }, caller);
  }
  rotations(caller = this.caller()) {
    return this.stage.ask(polling.listPendingSshKeyRotations, { params: this.params }, caller);
  }
  password(contractId: string, body: object, caller = this.caller()) {
    return this.stage.ask(polling.reportPassword, { params: { id: contractId }, body }, caller);
  }
  rotated(contractId: string, caller = this.caller()) {
    return this.stage.ask(polling.reportSshKeyRotation, { params: { id: contractId } }, caller);
  }
  registerGateway(dcId: string, caller = this.caller()) {
    return this.stage.ask(registerGateway, { body: { dcId } }, caller);
  }
  createName(dcId: string, slug: string, publicIp?: string, caller = this.caller()) {
    return this.stage.ask(setGatewayDns, { body: { action: 'create', dcId, slug, publicIp } }, caller);
  }
  deleteName(dcId: string, slug: string, caller = this.caller()) {
    return this.stage.ask(setGatewayDns, { body: { action: 'delete', dcId, slug } }, caller);
  }
}
