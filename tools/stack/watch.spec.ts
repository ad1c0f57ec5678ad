import { concernedBy, isConcerned } from './watch.mjs';

test.each([
  ['apps', 'payments/src/ledger/ledger.store.ts', 'payments'],
  ['apps', 'payments/src/ledger/domain/transfer.spec.ts', undefined],
  ['apps', 'payments/src/generated/prisma/client.ts', undefined],
  ['apps', 'payments/dist/main.js', undefined],
  ['apps', 'payments/bundle/main.js', undefined],
  ['apps', 'payments/test/wallet.int.spec.ts', undefined],
  ['libs', 'kernel/src/money.ts', '*'],
  ['libs', 'kernel/dist/money.js', undefined],
  ['libs', 'kernel/src/money.spec.ts', undefined],
  ['prisma', 'payments/schema.prisma', 'payments'],
  ['prisma', 'payments/notes.txt', undefined],
  ['apps', null, undefined],
])('a change of %s/%s concerns %s', (kind, path, expected) => {
  expect(concernedBy(kind, path)).toBe(expected);
});

test('a child is restarted for its own app and for libraries, not for another app', () => {
  const payments = ['--enable-source-maps', '/srv/dc/apps/payments/bundle/main.js'];
  expect(isConcerned(payments, new Set(['payments']))).toBe(true);
  expect(isConcerned(payments, new Set(['*']))).toBe(true);
  expect(isConcerned(payments, new Set(['accounts']))).toBe(false);
  expect(isConcerned(['-c', '/srv/dc/.data/nats/nats.conf'], new Set(['*', 'payments']))).toBe(false);
});
