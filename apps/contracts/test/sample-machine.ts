import { advance } from '../src/contract/domain/advance.ts';
import type { Change, Contract } from '../src/contract/domain/contract.ts';
import { AGENT_KEY, LIMITS, T0, TENANT_KEY } from './sample-contract.ts';

/** A minute after the sample contract. */
export const NOW = T0 + 60_000_000_000n;
export const fact = (contract: Contract, generation = 1) => ({
  contractId: contract.contractId,
  generation,
  agentPublicKey: AGENT_KEY,
  atNs: NOW,
});
export const machine = (contract: Contract, generation = 1) => ({
  ...fact(contract, generation),
  instance: {
    externalId: 'dc-1',
    provisionerType: 'docker',
    publicIp: '192.0.2.10',
    sshPort: 2222,
    sshUser: 'root',
    sshHostKey: 'ssh-ed25519 AAAA',
  },
  credentials: [
    { recipientPublicKey: TENANT_KEY, envelope: '{"version":2}' },
    { recipientPublicKey: AGENT_KEY, envelope: '{"version":2}' },
  ],
});
export const failure = (contract: Contract, generation = 1) => ({
  ...fact(contract, generation),
  reason: 'PROVISIONING_FAILED' as const,
  message: 'no space left',
});
export const does = (contract: Contract, change: Change | undefined) =>
  advance(contract, change ?? {}, NOW, LIMITS);
