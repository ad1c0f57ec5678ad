import type { FactInput, FactPayload, facts } from '@decent-cloud/messages';
import { AGENT_KEY, LIMITS, sampleContract, T0 } from '../../../test/sample-contract.ts';
import { advance } from './advance.ts';
import { machineProvisioned } from './machine.ts';

type Instance = FactPayload<typeof facts.machineProvisioned>['instance'];
const INSTANCE: Instance = {
  externalId: 'dc-1',
  provisionerType: 'docker',
  publicIp: '192.0.2.10',
  sshPort: 2222,
  sshUser: 'root',
};
const HOST_KEY = 'ssh-ed25519 AAAA';

/** Each new status of a contract whose machine is ready, with where it is said to let its tenant in. */
function statusesOf(more: Partial<Instance>) {
  const contract = sampleContract('accepted');
  const report = {
    contractId: contract.contractId,
    generation: 1,
    agentPublicKey: AGENT_KEY,
    instance: { ...INSTANCE, ...more },
    credentials: [],
    atNs: T0,
  };
  return advance(contract, machineProvisioned(contract, report, T0) ?? {}, T0, LIMITS)
    .facts.filter(({ declaration }) => declaration.subject.endsWith('.contract-status-changed'))
    .map(({ payload }) => payload as FactInput<typeof facts.contractStatusChanged>)
    .map(({ to, sshLogin }) => [to, sshLogin]);
}

test('a machine that is handed over says where it lets its tenant in; no other step does', () => {
  expect(statusesOf({ sshHostKey: `${HOST_KEY} root@machine` })).toEqual([
    ['provisioning', undefined],
    ['provisioned', { host: '192.0.2.10', port: 2222, user: 'root', hostKey: HOST_KEY }],
    ['active', undefined],
  ]);
});

test('that is at the gateway, where there is one, and without a host key when none was reported', () => {
  expect(statusesOf({ gatewaySubdomain: 'x.gw.example', gatewaySshPort: 20_000 })[1]).toEqual([
    'provisioned',
    { host: 'x.gw.example', port: 20_000, user: 'root' },
  ]);
});

test.each([{ publicIp: undefined }, { publicIp: "x';id;'" }, { sshHostKey: "x';id;'" }])(
  'what cannot be given to ssh is not passed on: %j',
  (more) => expect(statusesOf(more)[1]).toEqual(['provisioned', undefined]),
);
