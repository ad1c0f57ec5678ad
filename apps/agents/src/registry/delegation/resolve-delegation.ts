import { requests, type VerbInput } from '@decent-cloud/messages';
import { Database, type Sql } from '@decent-cloud/postgres';
import { Answers, requireService, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { type AgentRow, AgentStore } from '../agent/agent.store.ts';
import { isActive } from '../agent/domain/liveness.ts';
import { AgentInvitationStore } from './agent-invitation.store.ts';
import { DelegationStore } from './delegation.store.ts';

const { resolveDelegation } = requests;

@Answers(resolveDelegation)
export class ResolveDelegation implements Verb<typeof resolveDelegation> {
  constructor(
    private readonly database: Database,
    private readonly agents: AgentStore,
    private readonly delegations: DelegationStore,
    private readonly invitations: AgentInvitationStore,
  ) {}

  async run({ body }: VerbInput<typeof resolveDelegation>, { caller, now }: VerbContext) {
    requireService(caller);
    const { agentPublicKey, namedProvider } = body;
    const agent =
      (await this.agents.find(agentPublicKey)) ??
      (await this.database.transaction((sql) => this.accept(sql, agentPublicKey, namedProvider, now)));
    if (!agent || !isActive(agent, now)) return { active: false, permissions: [] };
    return {
      active: true,
      providerPublicKey: agent.providerPublicKey,
      ...(agent.poolId === null ? {} : { poolId: agent.poolId }),
      permissions: agent.permissions,
    };
  }

  /** Shipped agents do not sign their setup: their first signed request says that they meant it, and for whom. */
  private async accept(
    sql: Sql,
    agentPublicKey: string,
    namedProvider: string | undefined,
    now: bigint,
  ): Promise<AgentRow | undefined> {
    const invitation = await this.invitations.lock(sql, agentPublicKey, namedProvider);
    if (invitation) {
      await this.delegations.insert(sql, invitation, now);
      await this.invitations.removeAll(sql, agentPublicKey);
    }
    return this.agents.find(agentPublicKey, sql);
  }
}
