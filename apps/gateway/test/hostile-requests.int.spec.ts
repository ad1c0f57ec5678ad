import type { RunningGateway } from '../src/start-gateway.ts';
import { badBodies } from './hostile/bodies.ts';
import { badCallers } from './hostile/callers.ts';
import { badHeaders } from './hostile/headers.ts';
import { type Hostile, knowSenders } from './hostile/hostile.ts';
import { badRoutes } from './hostile/routes.ts';
import { refusedBehind } from './hostile/services.ts';
import { badSignatures } from './hostile/signatures.ts';
import { send } from './send.ts';
import { World } from './world.ts';

const hostile = [
  ...badHeaders,
  ...badSignatures,
  ...badCallers,
  ...badBodies,
  ...badRoutes,
  ...refusedBehind,
];
const world = World.forFile();
let real: RunningGateway;
let legacy: RunningGateway;

beforeAll(async () => {
  knowSenders(world);
  real = await world.gateway();
  legacy = await world.gateway({ API_ERROR_STATUS: 'legacy' });
});

describe('hostile requests', () => {
  const check = async (one: Hostile, gateway: RunningGateway, status: number): Promise<void> => {
    const answer = await one.send(gateway.port);
    expect({ status: answer.status, code: answer.json.code }).toEqual({ status, code: one.code });
    if (typeof one.text === 'string') expect(answer.json.error).toBe(one.text);
    else expect(answer.json.error).toMatch(one.text);
    expect(answer.json.success).toBe(false);
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(answer.json.requestId).toBe(answer.headers.get('x-request-id'));
  };

  it.each(hostile.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
    await check(one, real, one.status);
  });

  it.each(hostile.map((one) => [one.name, one] as const))('legacy: %s', async (_name, one) => {
    await check(one, legacy, one.legacyStatus ?? one.status);
  });

  it('are no errors of ours', () => {
    expect(hostile.length).toBeGreaterThan(70);
    expect(world.errorLines()).toEqual([]);
  });

  it('never let a service see what was refused before', () => {
    expect(world.received.filter(({ body }) => JSON.stringify(body)?.includes('hullo'))).toEqual([]);
  });

  it('are 500 with a fixed text when it is our fault, and are logged', async () => {
    const answer = await send(real.port, { path: '/api/v1/broken' });
    expect({ status: answer.status, ...answer.json }).toMatchObject({
      status: 500,
      code: 'INTERNAL',
      error: 'Internal error',
    });
    expect(world.errorLines().some((line) => line.includes('req.contracts.v1.broken failed'))).toBe(true);
  });
});
