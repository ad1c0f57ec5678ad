import { facts, readersOf, type ServiceName } from '@decent-cloud/messages';
import { headers as createHeaders, type MsgHdrs } from '@nats-io/transport-node';
import { printServiceKeys, readServiceKeys } from './service-keys.ts';
import { isSaidByItsOwner, type SaidFact, signFact } from './signed-fact.ts';

const keysOf = (service: ServiceName) => readServiceKeys(printServiceKeys('root', service));
const { subject } = facts.refundIssued;
const FACT: SaidFact = { subject, id: '1', payload: '{"a":1}' };

function signedBy(service: ServiceName, fact = FACT): MsgHdrs {
  const headers = createHeaders();
  for (const [name, value] of Object.entries(signFact(keysOf(service), fact))) headers.set(name, value);
  return headers;
}

test('each reader believes what the owner of the subject says', () => {
  expect(readersOf(subject).length).toBeGreaterThan(1);
  for (const reader of readersOf(subject)) {
    expect(isSaidByItsOwner(keysOf(reader), reader, FACT, signedBy('payments'))).toBe(true);
  }
});

test.each([
  ['without headers', FACT, undefined],
  ['signed by nobody', FACT, createHeaders()],
  ['said by another reader', FACT, signedBy('contracts')],
  ['under another subject', { ...FACT, subject: facts.rentalCharged.subject }, signedBy('payments')],
  ['with another id', { ...FACT, id: '2' }, signedBy('payments')],
  ['with another payload', { ...FACT, payload: '{"a":2}' }, signedBy('payments')],
  ['of a service that it does not read', { ...FACT, subject: 'evt.accounts.v1.x' }, signedBy('payments')],
])('not %s', (_what, fact, headers) => {
  expect(isSaidByItsOwner(keysOf('contracts'), 'contracts', fact, headers)).toBe(false);
});

test('a reader cannot say to another what was said to it', () => {
  const headers = signedBy('payments');
  const forContracts = headers.get('Dc-Said-To-contracts');
  headers.set('Dc-Said-To-notifications', forContracts);
  expect(isSaidByItsOwner(keysOf('notifications'), 'notifications', FACT, headers)).toBe(false);
});

test('a fact that nobody reads is not signed', () => {
  expect(signFact(keysOf('payments'), { ...FACT, subject: 'evt.payments.v1.unheard-of' })).toEqual({});
});
