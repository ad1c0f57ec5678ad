import { nowNs, send } from '../send.ts';
import {
  alice,
  expired,
  forged,
  type Hostile,
  invalid,
  malformed,
  me,
  missing,
  S,
  withHeader,
  without,
} from './hostile.ts';

/** Headers that are missing, malformed, or of another time. */
export const badHeaders: Hostile[] = [
  // headers missing
  {
    name: 'no key',
    ...missing,
    text: 'Missing required header: X-Public-Key',
    send: without('X-Public-Key'),
  },
  {
    name: 'no signature',
    ...missing,
    text: 'Missing required header: X-Signature',
    send: without('X-Signature'),
  },
  {
    name: 'no timestamp',
    ...missing,
    text: 'Missing required header: X-Timestamp',
    send: without('X-Timestamp'),
  },
  { name: 'no nonce', ...missing, text: 'Missing required header: X-Nonce', send: without('X-Nonce') },
  {
    name: 'no key where provider or agent may call',
    ...missing,
    text: 'Missing required header: X-Public-Key or X-Agent-Pubkey',
    send: (port) => send(port, { method: 'PUT', path: '/api/v1/shared', body: '{}' }),
  },
  {
    name: 'a user where only agents may call',
    ...missing,
    text: 'Missing required header: X-Agent-Pubkey',
    send: (port) => send(port, { method: 'POST', path: '/api/v1/agents/beat', body: '{}', as: alice }),
  },
  // headers malformed
  {
    name: 'key of odd length',
    ...malformed,
    text: 'Invalid format: Invalid public key hex encoding: Odd number of digits',
    send: withHeader('X-Public-Key', 'abc'),
  },
  {
    name: 'key that is no hex',
    ...malformed,
    text: /^Invalid format: Invalid public key hex encoding: Invalid character 'g'/,
    send: withHeader('X-Public-Key', 'g'.repeat(64)),
  },
  {
    name: 'key too short',
    ...malformed,
    text: 'Invalid format: Public key must be 32 bytes, got 16',
    send: withHeader('X-Public-Key', 'ab'.repeat(16)),
  },
  {
    name: 'signature that is no hex',
    ...malformed,
    text: /^Invalid format: Invalid signature hex encoding: /,
    send: withHeader('X-Signature', 'zz'.repeat(64)),
  },
  {
    name: 'signature too short',
    ...malformed,
    text: 'Invalid format: Signature must be 64 bytes, got 32',
    send: withHeader('X-Signature', 'ab'.repeat(32)),
  },
  {
    name: 'timestamp that is no number',
    ...malformed,
    text: /^Invalid format: Invalid timestamp: /,
    send: withHeader('X-Timestamp', 'yesterday'),
  },
  {
    name: 'timestamp beyond 64 bits',
    ...malformed,
    text: /^Invalid format: Invalid timestamp: /,
    send: withHeader('X-Timestamp', '9'.repeat(40)),
  },
  {
    name: 'nonce that is no UUID',
    ...malformed,
    text: /^Invalid format: Invalid nonce format \(must be UUID v4\): /,
    send: withHeader('X-Nonce', 'again'),
  },
  {
    name: 'signature version 3',
    ...malformed,
    text: /^Invalid format: Invalid signature version/,
    send: withHeader('X-Signature-Version', '3'),
  },
  // time
  { name: 'a stale stamp', ...expired, send: (port) => send(port, me({ timestampNs: nowNs() - 301n * S })) },
  {
    name: 'a stamp of the future',
    ...expired,
    send: (port) => send(port, me({ timestampNs: nowNs() + 302n * S })),
  },
  {
    name: 'a stale stamp made fresh',
    ...invalid,
    send: forged(me({ timestampNs: nowNs() - 400n * S }), { headers: { 'X-Timestamp': nowNs().toString() } }),
  },
];
