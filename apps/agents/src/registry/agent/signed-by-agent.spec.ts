import { generateKeyPair, signMessage } from '@decent-cloud/identity';
import { agentEvent } from '@decent-cloud/messages';
import type { KnownAgent } from './domain/disbelief.ts';
import { SignedByAgent } from './signed-by-agent.ts';

const ACCOUNT = 'AACCOUNT';
const agent = generateKeyPair();
const other = generateKeyPair();
const claimed = (changes: object = {}) => ({
  v: 1,
  kind: 'claimed',
  eventId: '0190a5b0-7c1d-7e3a-8f00-000000000001',
  agentPublicKey: agent.publicKeyHex,
  seq: 1,
  atNs: '1795414881239669000',
  contractId: 'ab'.repeat(32),
  generation: 1,
  ...changes,
});
const known = (changes: Partial<KnownAgent> = {}) =>
  Promise.resolve({ accountPublicKey: ACCOUNT, isActive: true, instanceId: null, ...changes });
const signed = (message: object, key = agent) => JSON.stringify(signMessage(key.seed, message));
const hear = (text: string, about = known(), account = ACCOUNT) =>
  new SignedByAgent().believe(agentEvent, text, account, () => about);

test('what the agent signed is believed, also with members that we do not know yet', async () => {
  await expect(hear(signed(claimed()))).resolves.toMatchObject({ kind: 'claimed', generation: 1 });
  await expect(hear(signed(claimed({ mood: 'good' })))).resolves.toMatchObject({ kind: 'claimed' });
});

test.each([
  ['no JSON', '{', 'malformed'],
  ['no event', '{"v":1}', 'malformed'],
  ['another key', signed(claimed(), other), 'forged'],
  ['no signature', JSON.stringify({ ...claimed(), sig: '0'.repeat(128) }), 'forged'],
  ['a changed word', signed(claimed()).replace('"generation":1', '"generation":2'), 'forged'],
])('%s is not', async (_, text, reason) => {
  await expect(hear(text)).rejects.toMatchObject({ reason });
});

test('a true signature does not help unknown or revoked agents, nor over the account of another', async () => {
  const text = signed(claimed());
  await expect(hear(text, Promise.resolve(undefined) as never)).rejects.toMatchObject({
    reason: 'unknown-agent',
  });
  await expect(hear(text, known({ isActive: false }))).rejects.toMatchObject({ reason: 'revoked' });
  await expect(hear(text, known(), 'AOTHER')).rejects.toMatchObject({ reason: 'foreign-account' });
  await expect(hear(text, known({ accountPublicKey: null }))).rejects.toMatchObject({
    reason: 'foreign-account',
  });
});
