import type { DesiredSnapshot } from '@decent-cloud/messages/agents/protocol';
import type { FoundMachine } from '../domain/machine.ts';
import { Operator } from './operator.ts';

const own = { environment: 'test', agent: 'a'.repeat(16) };
const OTHERS: readonly FoundMachine[] = [
  {
    externalId: 'c0ffee-foreign',
    power: 'running',
    marks: { contractId: 'c', generation: 1, environment: 'test', agent: 'b'.repeat(16) },
    whyLeftAlone: 'not ours',
  },
  { externalId: 'c0ffee-alone', power: 'stopped', whyLeftAlone: 'not ours' },
  { externalId: 'c0ffee-old', power: 'stopped' },
];

/** An operator beside an engine on which others have machines as well. */
function operatorBeside(others: readonly FoundMachine[]) {
  const destroyed: string[] = [];
  const operator = new Operator({
    backend: {
      list: async () => [],
      listOthers: async () => [...others],
      terminate: async (id) => void destroyed.push(id),
    },
    own,
    logger: { info: () => undefined } as never,
    now: () => 0n,
    records: () => [],
    ask: async () => ({ atNs: '1', machines: [] }) as unknown as DesiredSnapshot,
    adopt: async () => undefined,
    exclusively: (_id, work) => work(),
    report: async () => undefined,
  });
  return { operator, destroyed };
}

test('machines of others on the same engine are listed, each with what may be done', async () => {
  const { orphans } = await operatorBeside(OTHERS).operator.orphans();
  expect(orphans.map(({ externalId, kind, whyNotDestroy }) => [externalId, kind, whyNotDestroy])).toEqual([
    ['c0ffee-foreign', 'foreign', expect.stringContaining('b'.repeat(16))],
    ['c0ffee-alone', 'unmarked', 'not ours'],
    ['c0ffee-old', 'unmarked', undefined],
  ]);
});

test("what is not this agent's is never adopted, and destroyed only by its whole id and where nobody else may own it", async () => {
  const { operator, destroyed } = operatorBeside(OTHERS);
  for (const { externalId } of OTHERS) {
    await expect(operator.adopt(externalId)).rejects.toThrow(`"${externalId}" is not adopted`);
  }
  for (const [id, why] of [
    ['c0ffee-foreign', 'b'.repeat(16)],
    ['c0ffee-alone', 'not ours'],
    ['c0ffee-o', 'there is no machine'],
    ['c0ffee', 'there is no machine'],
  ] as const) {
    await expect(operator.destroy(id)).rejects.toThrow(why);
  }
  expect(destroyed).toEqual([]);
  await operator.destroy('c0ffee-old');
  expect(destroyed).toEqual(['c0ffee-old']);
});
