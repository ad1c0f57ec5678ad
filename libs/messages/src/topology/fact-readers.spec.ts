import * as facts from '../facts.ts';
import { serviceNames } from '../services.ts';
import { liveFacts, readersOf, readersOfService, servicesReadBy } from './fact-readers.ts';

test('who reads a fact follows from the consumers, and from what live clients see', () => {
  expect(readersOf(facts.rentalCharged.subject)).toEqual(['contracts']);
  expect(readersOf(facts.refundIssued.subject)).toEqual(['gateway', 'contracts', 'notifications']);
  expect(readersOf(facts.keyDisabled.subject)).toEqual(['gateway']);
  expect(readersOf('evt.contracts.v1.unheard-of')).toEqual([]);
  for (const { subject } of liveFacts) expect(readersOf(subject)).toContain('gateway');
});

test('services and their readers agree', () => {
  expect(servicesReadBy('payments')).toEqual(['contracts']);
  for (const teller of serviceNames) {
    for (const reader of serviceNames) {
      expect(readersOfService(teller).includes(reader)).toBe(servicesReadBy(reader).includes(teller));
    }
  }
});
