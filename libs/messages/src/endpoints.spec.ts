import { z } from 'zod';
import * as accounts from './accounts.ts';
import { allEndpoints, collectEndpoints } from './endpoints.ts';
import { endpoint } from './wire/endpoint.ts';

const ping = endpoint({
  method: 'GET',
  path: '/api/v1/ping/{id}',
  subject: 'req.gateway.v1.ping',
  auth: 'public',
  summary: 'ping',
  tags: [],
  answer: z.string(),
});
const kebab = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

describe('all endpoints', () => {
  it.each(Object.entries(allEndpoints))(
    '%s: subject says its name, params are those of the path',
    (name, it) => {
      expect(it.subject).toMatch(new RegExp(`^req\\.[a-z]+\\.v1\\.${kebab(name)}$`));
      const inPath = [...it.path.matchAll(/\{([^}]*)\}/g)].map(([, parameter]) => parameter).sort();
      const shape = (it.params as z.ZodObject | undefined)?.shape ?? {};
      expect(Object.keys(shape).sort()).toEqual(inPath);
      if (it.auth === 'self') expect(inPath).toContain('pubkey');
      if (it.auth === 'agent') expect(it.permission).toBeDefined();
    },
  );

  it.each([
    ['subject', { ping, other: { ...ping, path: '/api/v1/other' } }],
    ['GET /api/v1/ping/{}', { ping, other: { ...ping, subject: 'x', path: '/api/v1/ping/{name}' } }],
    [
      'GET /api/v1/ping/{}',
      { ping, other: { ...ping, subject: 'x', path: '/p', aliases: ['/api/v1/ping/{a}'] } },
    ],
  ])('refuses a second %s', (what, module) => {
    expect(() => collectEndpoints([module])).toThrow(`declared twice: ${what}`);
  });

  it('refuses the same name in two modules', () => {
    expect(() => collectEndpoints([{ ping }, { ping }])).toThrow('declared twice: name ping');
  });
});

describe('fields of accounts', () => {
  it('count bytes, not characters', () => {
    const body = accounts.updateKey.body;
    expect(body.safeParse({ deviceName: 'ä'.repeat(128) }).success).toBe(false);
    expect(body.safeParse({ deviceName: 'ä'.repeat(127) }).success).toBe(true);
    expect(body.parse({ deviceName: null })).toEqual({});
  });

  it.each([
    ['ssh-ed25519', 'AAAA'],
    ['gpg', 'no block'],
    ['other', '  '],
  ])('refuse a %s key that is %p', (keyType, keyData) => {
    expect(accounts.addExternalKey.body.safeParse({ keyType, keyData }).success).toBe(false);
  });
});
