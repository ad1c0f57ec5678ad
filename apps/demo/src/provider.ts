import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { ApiError, type Client, createClient } from '@decent-cloud/client';
import {
  bytesToHex,
  createSigner,
  generateKeyPair,
  type KeyPair,
  keyPairFromSeed,
} from '@decent-cloud/identity';
import { findAccount, registerAccount } from '@decent-cloud/messages/accounts';
import { createPool, createSetupToken, listPools } from '@decent-cloud/messages/agents';
import { createOffering, listMyOfferings, setAutoAccept } from '@decent-cloud/messages/offerings';
import { DEMO_BACKEND, DEMO_OFFERINGS } from './demo-offerings.ts';

const USERNAME = 'demo-provider';
const EMAIL = 'provider@demo.example';
const POOL = { name: 'Demo', location: 'europe', provisionerType: DEMO_BACKEND } as const;

/** The key of the demo's provider, made once. */
export function loadProviderKey(file: string): KeyPair {
  if (existsSync(file)) return keyPairFromSeed(readFileSync(file, 'utf8').trim());
  const keyPair = generateKeyPair();
  writeFileSync(file, `${bytesToHex(keyPair.seed)}\n`, { mode: 0o600, flag: 'wx' });
  return keyPair;
}

/** The provider of the demo, acting through the public API as any other would. Every step may be repeated. */
export class DemoProvider {
  readonly publicKey: string;
  private readonly client: Client;

  constructor(apiUrl: string, keyPair: KeyPair) {
    this.client = createClient({ baseUrl: apiUrl, signer: createSigner(keyPair) });
    this.publicKey = bytesToHex(keyPair.publicKey);
  }

  async ensureAccount(): Promise<void> {
    try {
      await this.client.call(findAccount, { query: { publicKey: this.publicKey } });
    } catch (error) {
      if (!(error instanceof ApiError) || error.reason !== 'ACCOUNT_NOT_FOUND') throw error;
      await this.client.call(registerAccount, {
        body: {
          username: `${USERNAME}-${this.publicKey.slice(0, 6)}`,
          publicKey: this.publicKey,
          email: EMAIL,
        },
      });
    }
    await this.client.call(setAutoAccept, { body: { autoAcceptRentals: true } });
  }

  async ensurePool(): Promise<string> {
    const params = { pubkey: this.publicKey };
    const [pool] = await this.client.call(listPools, { params });
    return (pool ?? (await this.client.call(createPool, { params, body: POOL }))).poolId;
  }

  async newSetupToken(poolId: string): Promise<string> {
    const params = { pubkey: this.publicKey, pool_id: poolId };
    const { token } = await this.client.call(createSetupToken, { params, body: { label: 'demo agent' } });
    return token;
  }

  /** Gives the id of the offering that newcomers are told to rent. */
  async ensureOfferings(poolId: string): Promise<bigint> {
    const mine = await this.client.call(listMyOfferings, {});
    const bySlug = new Map(mine.map((offering) => [offering.offering_id, offering.id]));
    for (const offering of DEMO_OFFERINGS) {
      if (bySlug.has(offering.offering_id)) continue;
      const id = await this.client.call(createOffering, {
        params: { pubkey: this.publicKey },
        body: { ...offering, agent_pool_id: poolId },
      });
      bySlug.set(offering.offering_id, id);
    }
    const first = bySlug.get(DEMO_OFFERINGS[0]?.offering_id ?? '');
    if (first === undefined) throw new Error('the platform did not keep the demo offering');
    return first;
  }
}
