import { generateKeyPair, type KeyPair } from '@decent-cloud/identity';
import { allEndpoints } from '@decent-cloud/messages/endpoints';
import type { EndpointDeclaration } from '@decent-cloud/messages/wire';
import { KeyHolder, type Said, sendAs } from './key-holder.ts';

/** Looking first, taking away last: what is asked for is still there. */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** Answered by the gateway without asking anybody who somebody is, or a stream without end. */
const NOT_WALKED = ['getHealth', 'getOpenapi', 'getStatus', 'getSwagger', 'openEvents'];

export const walked: readonly (readonly [name: string, declaration: EndpointDeclaration])[] = Object.entries(
  allEndpoints,
)
  .filter(([name]) => !NOT_WALKED.includes(name))
  .sort(([, a], [, b]) => METHODS.indexOf(a.method) - METHODS.indexOf(b.method));

/** Somebody with a registered account and nothing else. */
export async function registered(apiUrl: string, username: string): Promise<KeyPair> {
  const key = generateKeyPair();
  const body = { username, publicKey: key.publicKeyHex, email: `${username}@example.com` };
  const said = await sendAs(apiUrl, key, { method: 'POST', path: '/accounts', body });
  if (said.code !== 'ok') throw new Error(`${username} is not registered: ${said.code}`);
  return key;
}

/** Names a key of a person and one of an agent as one's own, as far as anybody can. */
export async function takeAsFarAsPossible(apiUrl: string, taker: KeyPair, username: string, from: KeyHolder) {
  const call = async (path: string, body: object) => {
    const said = await sendAs(apiUrl, taker, { method: 'POST', path, body });
    if (said.code !== 'ok') throw new Error(`POST ${path}: ${said.code}`);
    return said.data;
  };
  const pools = `/providers/${taker.publicKeyHex}/pools`;
  const { poolId } = await call(pools, { name: 'Trap', location: 'europe', provisionerType: 'docker' });
  const { token } = await call(`${pools}/${poolId}/setup-tokens`, {});
  const setUp = await fetch(`${apiUrl}/api/v1/agents/setup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, agentPubkey: from.agentKey.publicKeyHex }),
  });
  if (!setUp.ok) throw new Error(`setup: ${await setUp.text()}`);
  return await call(`/accounts/${username}/keys`, { newPublicKey: from.publicKey });
}

export const outcome = ({ status, code }: Said): string => `${status} ${code}`;
