import { fromHex, toHex } from '@decent-cloud/kernel';
import { sha256 } from '@noble/hashes/sha2.js';

export interface ContractIdParts {
  readonly tenantPublicKey: string;
  readonly providerPublicKey: string;
  readonly offeringId: string;
  readonly tenantSshPublicKey: string;
  readonly tenantContact: string;
  readonly priceE9s: bigint;
  readonly requestMemo: string;
  readonly createdAtNs: bigint;
}

const encoder = new TextEncoder();

/** The id of a contract: SHA-256 over what was agreed. */
export function contractIdOf(parts: ContractIdParts): string {
  const hash = sha256.create();
  hash.update(fromHex(parts.tenantPublicKey));
  hash.update(fromHex(parts.providerPublicKey));
  hash.update(encoder.encode(parts.offeringId));
  hash.update(encoder.encode(parts.tenantSshPublicKey));
  hash.update(encoder.encode(parts.tenantContact));
  hash.update(int64LittleEndian(parts.priceE9s));
  hash.update(encoder.encode(parts.requestMemo));
  hash.update(int64LittleEndian(parts.createdAtNs));
  return toHex(hash.digest());
}

function int64LittleEndian(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, value, true);
  return bytes;
}

/**
 * The moment of creation to the nanosecond. Clocks here tick in milliseconds, and equal requests of one tick must not
 * get one id: the rest comes from the operation, so that its repeat gets the same again.
 */
export function createdAtNsOf(nowNs: bigint, operationId: string): bigint {
  const random = BigInt(`0x${operationId.replaceAll('-', '').slice(-12)}`);
  return nowNs - (nowNs % 1_000_000n) + (random % 1_000_000n);
}
