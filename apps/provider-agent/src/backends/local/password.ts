import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { PasswordHash } from './local-machine.stored.ts';

const HASH_BYTES = 32;
const stretch = promisify<string, Buffer, number, Buffer>(scrypt);

export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = randomBytes(16);
  const hash = await stretch(password, salt, HASH_BYTES);
  return { salt: salt.toString('hex'), hash: hash.toString('hex') };
}

/** Constant time. */
export async function isPassword(given: string, { salt, hash }: PasswordHash): Promise<boolean> {
  const own = await stretch(given, Buffer.from(salt, 'hex'), HASH_BYTES);
  return timingSafeEqual(own, Buffer.from(hash, 'hex'));
}
