import { randomBytes } from 'node:crypto';
import type { Caller } from '@decent-cloud/messages';

export const user = (publicKey: string): Caller => ({ kind: 'user', publicKey });
export const hex64 = () => randomBytes(32).toString('hex');
