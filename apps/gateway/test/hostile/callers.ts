import { send } from '../send.ts';
import {
  agent,
  alice,
  disabled,
  type Hostile,
  input,
  me,
  missing,
  nobodysAgent,
  weakAgent,
} from './hostile.ts';

/** Callers that are known, and may not. */
export const badCallers: Hostile[] = [
  {
    name: 'a disabled key',
    status: 401,
    code: 'KEY_DISABLED',
    text: 'Authenticated key not found or not active',
    send: (port) => send(port, me({ as: disabled })),
  },
  {
    name: 'a disabled key where signing is optional',
    status: 401,
    code: 'KEY_DISABLED',
    text: 'Authenticated key not found or not active',
    send: (port) => send(port, { path: '/api/v1/notes/x', as: disabled }),
  },
  {
    name: 'somebody else’s things',
    status: 403,
    code: 'NOT_OWNER',
    text: /^Unauthorized: request pubkey [0-9a-f]{64} does not match authenticated user [0-9a-f]{64}$/,
    send: (port) => send(port, { path: `/api/v1/users/${agent.publicKeyHex}/notes`, as: alice }),
  },
  {
    name: 'a pubkey in the path that is no hex',
    ...input,
    text: /^Invalid pubkey hex: Invalid character 'x' at position 0 \(value: xx/,
    send: (port) => send(port, { path: `/api/v1/users/${'x'.repeat(64)}/notes`, as: alice }),
  },
  {
    name: 'a pubkey in the path that is too short',
    ...input,
    text: 'Public key must be 32 bytes, got 1 bytes (value: ab)',
    send: (port) => send(port, { path: '/api/v1/users/ab/notes', as: alice }),
  },
  {
    name: 'an agent without delegation',
    status: 401,
    code: 'DELEGATION_MISSING',
    text: /^Invalid signature: No active delegation found for agent key '[0-9a-f]{64}'$/,
    send: (port) =>
      send(port, { method: 'POST', path: '/api/v1/agents/beat', body: '{}', as: nobodysAgent, agent: true }),
  },
  {
    name: 'an agent without the permission',
    status: 403,
    code: 'PERMISSION_MISSING',
    text: "Agent does not have 'heartbeat' permission",
    send: (port) =>
      send(port, { method: 'POST', path: '/api/v1/agents/beat', body: '{}', as: weakAgent, agent: true }),
  },
  {
    name: 'an agent where users call',
    ...missing,
    text: 'Missing required header: X-Public-Key',
    send: (port) => send(port, me({ as: agent, agent: true })),
  },
  {
    name: 'an admin endpoint without account',
    status: 403,
    code: 'NOT_OWNER',
    text: /^Admin access denied\. Public key '[0-9a-f]{64}' is not associated with any account$/,
    send: (port) => send(port, { path: '/api/v1/admin/notes', as: nobodysAgent }),
  },
  {
    name: 'an admin endpoint without being admin',
    status: 403,
    code: 'NOT_OWNER',
    text: "Admin access denied. Account 'bob' does not have admin privileges",
    send: (port) => send(port, { path: '/api/v1/admin/notes', as: alice }),
  },
];
