import { createHash } from 'node:crypto';
import { nsToSeconds, systemClock } from '@decent-cloud/kernel';
import {
  type AgentAccountOptions,
  agentAccountJwt,
  agentExports,
  agentUserJwt,
  publicKeyOf,
  revokedAgentAccountJwt,
} from '@decent-cloud/nats-auth';
import { SETTINGS } from '@decent-cloud/runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { AgentsSettings } from '../../../settings.ts';

/** Writes the claims of agents' accounts and users. */
@Injectable()
export class AccountClaims {
  private readonly common: Omit<AgentAccountOptions, 'accountPublicKey'>;
  /** Changes when a key or an export does: claims of another shape are to be written again. */
  readonly shape: string;

  constructor(@Inject(SETTINGS) private readonly settings: AgentsSettings) {
    this.common = {
      hubAccountPublicKey: settings.NATS_HUB_ACCOUNT,
      operatorSigningSeed: settings.NATS_OPERATOR_SIGNING_SEED,
      userSigningKeyPublic: publicKeyOf(settings.NATS_AGENT_USER_SIGNING_SEED),
    };
    const made = [
      settings.NATS_HUB_ACCOUNT,
      publicKeyOf(settings.NATS_OPERATOR_SIGNING_SEED),
      this.common.userSigningKeyPublic,
      agentExports,
    ];
    this.shape = createHash('sha256').update(JSON.stringify(made)).digest('hex').slice(0, 16);
  }

  /**
   * Of an account that is in use, or, with the time of its revocation, of one that lets nobody in. Users that were made up
   * to `usersFromSeconds` are let in no more.
   */
  async ofAccount(accountPublicKey: string, revokedAtNs: bigint | null, usersFromSeconds: bigint | null) {
    const options = {
      ...this.common,
      accountPublicKey,
      ...(usersFromSeconds !== null && { refusedUpToSeconds: Number(usersFromSeconds) }),
    };
    const accountJwt =
      revokedAtNs === null
        ? await agentAccountJwt(options)
        : await revokedAgentAccountJwt(options, Number(nsToSeconds(revokedAtNs)));
    return { accountPublicKey, accountJwt, accountShape: this.shape, usersFromSeconds };
  }

  /** Everybody who was let in before this second, by the clock that stamps users. */
  upToNow(): bigint {
    return nsToSeconds(systemClock()) - 1n;
  }

  ofUser(
    accountPublicKey: string,
    agentPublicKeyHex: string,
    expiresAtSeconds: number,
    onlyLooks: boolean,
  ): Promise<string> {
    return agentUserJwt({
      accountPublicKey,
      agentPublicKeyHex,
      onlyLooks,
      userSigningSeed: this.settings.NATS_AGENT_USER_SIGNING_SEED,
      expiresAtSeconds,
    });
  }
}
