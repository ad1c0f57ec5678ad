import { facts } from '@decent-cloud/messages';
import { tellMachineChange } from './machine-texts.ts';

const fact = facts.contractMachineChanged.payload.parse(facts.contractMachineChanged.sample);

test.each(['missing', 'lost', 'back', 'made-again', 'moved'] as const)(
  'both sides are told: %s',
  (change) => {
    const told = tellMachineChange({ ...fact, change });
    expect(told?.tenant.body).toContain('The machine of your rental');
    expect(told?.tenant.linkPath).toContain(fact.contractId);
    expect(told?.provider.body).toContain('The machine of rental');
  },
);

test('a machine that is gone is told by mail, to both', () => {
  const told = tellMachineChange({ ...fact, change: 'missing' });
  expect([told?.tenant.mail, told?.provider.mail]).toEqual(['now', 'now']);
  expect(told?.tenant.body).toContain('not charged');
});

test("what its agent starts again within moments fills nobody's list", () => {
  expect(tellMachineChange({ ...fact, change: 'stopped' })).toBeUndefined();
});
