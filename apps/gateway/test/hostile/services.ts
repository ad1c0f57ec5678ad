import { send } from '../send.ts';
import { type Hostile, post } from './hostile.ts';

/** Refusals that come from behind the gateway. */
export const refusedBehind: Hostile[] = [
  {
    name: 'a service that is down',
    status: 503,
    code: 'SERVICE_UNAVAILABLE',
    text: 'The payments service does not answer',
    send: (port) => send(port, { path: '/api/v1/gone' }),
  },
  {
    name: 'a service that keeps silent',
    status: 503,
    code: 'SERVICE_UNAVAILABLE',
    text: 'The contracts service does not answer',
    send: (port) => send(port, { path: '/api/v1/silent' }),
  },
  ...(
    [
      ['INVALID', 'INVALID_INPUT', 400],
      ['FORBIDDEN', 'NOT_OWNER', 403],
      ['NOT_FOUND', 'CONTRACT_NOT_FOUND', 404],
      ['CONFLICT', 'USERNAME_TAKEN', 409],
      ['PRECONDITION', 'TRANSITION_NOT_ALLOWED', 409],
      ['PAYMENT_REQUIRED', 'INSUFFICIENT_BALANCE', 422],
      ['UNPROCESSABLE', 'DURATION_OUT_OF_RANGE', 422],
      ['LIMIT', 'KEY_LIMIT', 429],
    ] as const
  ).map(
    ([code, reason, status]): Hostile => ({
      name: `${code} of a service`,
      status,
      legacyStatus: 200,
      code: reason,
      text: 'no, because',
      send: (port) => send(port, post({ body: JSON.stringify({ refuse: [code, reason, 'no, because'] }) })),
    }),
  ),
  ...(
    [
      ['UNAUTHENTICATED', 'SIGNATURE_MISSING', 401],
      ['UNAVAILABLE', 'SERVICE_UNAVAILABLE', 503],
    ] as const
  ).map(
    ([code, reason, status]): Hostile => ({
      name: `${code} of a service`,
      status,
      code: reason,
      text: 'no, because',
      send: (port) => send(port, post({ body: JSON.stringify({ refuse: [code, reason, 'no, because'] }) })),
    }),
  ),
];
