import { parseEmailAddress } from '../wire/email-address.ts';
import { looksOfficial, newUsername } from './account-names.ts';

test.each([
  'admin',
  'Admin1',
  'admin-1',
  '4dmin',
  'support-team',
  'the.support',
  'sup-port',
  'decent-cloud',
  'decent_cloud_billing',
  'no-reply',
  'DELETED',
  'deleted42',
  'r00t',
  'verify-email',
  'billing',
])('the name %s looks official and is reserved', (name) => {
  expect(looksOfficial(name)).toBe(true);
  expect(newUsername().safeParse(name).error?.issues[0]?.message).toBe('Username is reserved');
});

test.each([
  'alice',
  'alice.smith',
  'test-user',
  'cloudy',
  'rooter',
  'supporter',
  'tenant-12345',
  'user_03a107bf',
  'bob1',
  'a.b@c-d',
  'a'.repeat(64),
])('the name %s is free', (name) => {
  expect(looksOfficial(name)).toBe(false);
  expect(newUsername().safeParse(` ${name} `)).toEqual({ success: true, data: name });
});

test.each(['al', 'a'.repeat(65), '-bob', 'a b c'])('%p is no name', (name) => {
  expect(newUsername().safeParse(name).success).toBe(false);
});

test.each([
  ['alice@example.com', 'alice@example.com'],
  ["o'brien@example.com", "o'brien@example.com"],
  ['a.b+c@Mail.Example.ORG', 'a.b+c@mail.example.org'],
  ['user@пример.рф', 'user@xn--e1afmkfd.xn--p1ai'],
  ['user@example.xn--p1ai', 'user@example.xn--p1ai'],
  ['user@müller.example', 'user@xn--mller-kva.example'],
  ['auto-1@noemail.local', 'auto-1@noemail.local'],
])('%s is an e-mail address, kept as %s', (text, kept) => {
  expect(parseEmailAddress(text)).toBe(kept);
});

test.each([
  '',
  'alice',
  '@example.com',
  'alice@',
  'alice@localhost',
  'a@b..com',
  'a@.com',
  'a@b.com.',
  'a..b@example.com',
  '.a@example.com',
  'a.@example.com',
  'a@b@c.com',
  'a b@example.com',
  'a@-b.com',
  'a@b-.com',
  'a@b.c',
  'a@127.0.0.1',
  'a@0x7f.1',
  'a@[127.0.0.1]',
  'a@b.com:25',
  'a@b.com/x',
  'a@b%2ecom',
  'a@exa_mple.com',
  'a\r\nb@example.com',
  'a@example.com\n',
  `${'a'.repeat(65)}@example.com`,
  `a@${'b'.repeat(64)}.com`,
  `a@${`${'b'.repeat(60)}.`.repeat(5)}com`,
])('%j is no e-mail address', (text) => {
  expect(parseEmailAddress(text)).toBeUndefined();
});
