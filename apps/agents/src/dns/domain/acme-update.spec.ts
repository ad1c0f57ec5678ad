import { Refusal } from '@decent-cloud/kernel';
import { readChallenge, readCredentials } from './acme-update.ts';

const USER = '0190a5b0-7c1d-4e3a-8f00-000000000001';
const TXT = 'LHDhK3oGRvkiefQnx7OOczTY5Tic_xZ6HcMOc_gmt-M';
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
  return 'taken';
};

test('credentials are a UUID, in any case, and a key', () => {
  expect(readCredentials({ 'x-api-user': USER.toUpperCase(), 'x-api-key': 'k' })).toEqual({
    user: USER,
    key: 'k',
  });
});

test.each([
  [{}, 'UNAUTHENTICATED'],
  [{ 'x-api-user': USER }, 'UNAUTHENTICATED'],
  [{ 'x-api-key': 'k' }, 'UNAUTHENTICATED'],
  [{ 'x-api-user': 'not-a-uuid', 'x-api-key': '' }, 'UNAUTHENTICATED'],
  [{ 'x-api-user': 'not-a-uuid', 'x-api-key': 'k' }, 'INVALID'],
  [{ 'x-api-user': `${USER}, ${USER}`, 'x-api-key': 'k' }, 'INVALID'],
])('%j is %s', (headers, code) => expect(codeOf(() => readCredentials(headers))).toBe(code));

test('a challenge is for the own subdomain', () => {
  expect(readChallenge({ subdomain: USER.toUpperCase(), txt: TXT }, USER)).toBe(TXT);
});

test.each([
  [undefined, 'INVALID'],
  [{ txt: TXT }, 'INVALID'],
  [{ subdomain: USER }, 'INVALID'],
  [{ subdomain: USER.replace('1', '2'), txt: TXT }, 'UNAUTHENTICATED'],
  [{ subdomain: USER, txt: TXT.slice(1) }, 'INVALID'],
  [{ subdomain: USER, txt: `${TXT}A` }, 'INVALID'],
  [{ subdomain: USER, txt: `${TXT.slice(1)}"` }, 'INVALID'],
  [{ subdomain: USER, txt: `${TXT}\n` }, 'INVALID'],
])('%j is %s', (body, code) => expect(codeOf(() => readChallenge(body, USER))).toBe(code));
