import { Refusal } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { revokeDelegation } from '@decent-cloud/messages/agents';
import { Database } from '@decent-cloud/postgres';
import {
  Answers,
  LOGGER,
  type Logger,
  requireUser,
  type Verb,
  type VerbContext,
} from '@decent-cloud/runtime';
import { Inject } from '@nestjs/common';
import { GivenUpMachines, hasMachines } from './coordination/availability/given-up-machines.ts';
import { AccountClaims } from './doors/broker/session/account-claims.ts';
import { AgentAccountStore } from './doors/broker/session/agent-account.store.ts';
import { BrokerAccounts } from './doors/broker/session/broker-accounts.ts';
import { AgentStore } from './registry/agent/agent.store.ts';
import { AgentInvitationStore } from './registry/delegation/agent-invitation.store.ts';

/** Ends a delegation and cuts the agent's connection; the key cannot come back. One that never signed is only forgotten. */
@Answers(revokeDelegation)
export class RevokeDelegation implements Verb<typeof revokeDelegation> {
  constructor(
    private readonly database: Database,
    private readonly agents: AgentStore,
    private readonly invitations: AgentInvitationStore,
    private readonly accounts: AgentAccountStore,
    private readonly broker: BrokerAccounts,
    private readonly claims: AccountClaims,
    private readonly machines: GivenUpMachines,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async run(
    { params, query }: VerbInput<typeof revokeDelegation>,
    { caller, now }: VerbContext,
  ): Promise<boolean> {
    requireUser(caller);
    await this.database.transaction(async (sql) => {
      const held = await this.machines.lockContracts(sql, params.agent_pubkey);
      const agent = await this.agents.lock(sql, params.agent_pubkey);
      if (!agent && (await this.invitations.withdraw(sql, params.agent_pubkey, params.pubkey))) return;
      if (!agent || agent.providerPublicKey !== params.pubkey || agent.revokedAtNs !== null) {
        throw new Refusal('NOT_FOUND', 'AGENT_NOT_FOUND', 'No active delegation found to revoke');
      }
      if (held.length > 0 && query.machines !== 'give-up') throw hasMachines(held);
      await this.machines.giveUp(sql, params.agent_pubkey, held, now);
      await this.agents.revoke(sql, params.agent_pubkey, now);
      if (agent.accountPublicKey === null) return;
      const claims = await this.claims.ofAccount(agent.accountPublicKey, now, null);
      await this.accounts.put(sql, params.agent_pubkey, claims);
    });
    // Committed: if the broker is away now, the sweep cuts the connection as soon as it is back.
    await this.broker.settle(params.agent_pubkey).catch((error: unknown) => {
      this.logger.warn({ error, agent: params.agent_pubkey }, 'revoked, but the broker does not know yet');
    });
    return true;
  }
}
