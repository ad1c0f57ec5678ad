import { StoredJson } from '@decent-cloud/kernel';
import { expression, json, rowOf, stored } from './row.ts';
import type { Statement } from './statement.ts';

interface Instance {
  readonly host: string;
}

interface Machine {
  readonly contractId: string;
  readonly state: 'offered' | 'gone';
  readonly generation: number;
  readonly dueAtNs: bigint | null;
  readonly instance: Instance | null;
  readonly isLate: boolean;
}

const storedInstance = new StoredJson<Instance>('an instance', [
  { parse: (kept) => ({ host: String((kept as { h: string }).h) }) },
  { parse: (kept) => ({ host: String((kept as Instance).host) }) },
]);

const machineRow = rowOf<Machine>()({
  contractId: 'contract_id',
  state: 'state',
  generation: 'generation',
  dueAtNs: 'due_at_ns',
  instance: stored('instance', storedInstance),
  isLate: expression('due_at_ns < 5'),
});

const machine = { contractId: 'c', state: 'offered', generation: 1, dueAtNs: 2n, instance: null } as const;

/** Answers with these rows. */
const answering = (...rows: object[]) => ({
  query: <Row extends object>(_statement: Statement, _values?: readonly unknown[]) =>
    Promise.resolve(rows as Row[]),
});

describe('parts of statements', () => {
  it('selects each member by its name', () => {
    expect(machineRow.pick('contractId', 'isLate').select).toBe(
      'contract_id as "contractId", due_at_ns < 5 as "isLate"',
    );
    expect(machineRow.pick('dueAtNs', 'state').selectFrom('m')).toBe(
      'm.state as "state", m.due_at_ns as "dueAtNs"',
    );
  });

  it('inserts all that can be written, in one order', () => {
    expect(machineRow.names).toBe('contract_id, state, generation, due_at_ns, instance');
    expect(machineRow.places(3)).toBe('$3, $4, $5, $6, $7');
    const { contractId, ...rest } = machine;
    expect(machineRow.values({ ...rest, instance: { host: 'h' }, contractId })).toEqual([
      'c',
      'offered',
      1,
      2n,
      '{"v":1,"host":"h"}',
    ]);
    expect(machineRow.pick('state', 'isLate').excluded).toBe('state = excluded.state');
    expect(machineRow.columns.dueAtNs).toBe('due_at_ns');
  });

  it('changes what a patch has: null is written, undefined is left, the order of members makes no other text', () => {
    const changed = { sets: ['state = $3', 'due_at_ns = $4'], values: ['gone', null] };
    expect(machineRow.changed({ dueAtNs: null, state: 'gone' }, 3)).toEqual(changed);
    expect(machineRow.changed({ state: 'gone', dueAtNs: null }, 3)).toEqual(changed);
    expect(machineRow.changed({}, 3)).toEqual({ sets: [], values: [] });
  });

  it('finds what makes one row of another', () => {
    const after = { ...machine, generation: 2, instance: { host: 'h' } };
    expect(machineRow.difference(machine, after, 1)).toEqual({
      sets: ['generation = $1', 'instance = $2'],
      values: [2, '{"v":1,"host":"h"}'],
    });
    expect(machineRow.difference(after, after, 1).sets).toEqual([]);
  });

  it('takes further members', () => {
    const read = machineRow.pick('state').and<{ readAs: string }>()({ readAs: expression('xmin::text') });
    expect(read.select).toBe('state as "state", xmin::text as "readAs"');
    expect(read.names).toBe('state');
  });
});

describe('reading', () => {
  it('converts what is not null', async () => {
    const rows = await machineRow.query(
      answering({ ...machine, instance: { h: 'host' } }, { ...machine, instance: null }),
      'select',
    );
    expect(rows.map(({ instance }) => instance)).toEqual([{ host: 'host' }, null]);
  });

  it('keeps integers of JSON exact when it reads them as text', async () => {
    type Terms = { readonly e9s: bigint };
    const terms = new StoredJson<Terms>('terms', [{ parse: (kept) => ({ e9s: (kept as Terms).e9s }) }]);
    const row = rowOf<{ terms: Terms | null }>()({ terms: stored('terms', terms, 'text') });
    expect(row.select).toBe('terms::text as "terms"');
    const written = `{"v":0,"e9s":${2n ** 60n}}`;
    expect(row.values({ terms: { e9s: 2n ** 60n } })).toEqual([written]);
    const read = await row.query(answering({ terms: written }, { terms: null }), 'select');
    expect(read).toEqual([{ terms: { e9s: 2n ** 60n } }, { terms: null }]);
  });
});

/** Never run: lines that are marked compile no more when the types stop to refuse them. */
export function refusedByTypes(): void {
  const named = {
    contractId: 'contract_id',
    state: 'state',
    generation: 'generation',
    dueAtNs: 'due_at_ns',
  } as const;
  const instance = json<Instance>('instance');
  const isLate = expression('true');
  const storedNumber = new StoredJson<{ n: number }>('a number', [{ parse: () => ({ n: 1 }) }]);
  rowOf<Machine>()({ ...named, instance, isLate });
  // @ts-expect-error a member is missing
  rowOf<Machine>()({ ...named, instance });
  // @ts-expect-error a member is unknown
  rowOf<Machine>()({ ...named, instance, isLate, generaton: 'generation' });
  // @ts-expect-error what is no plain value says how it is kept
  rowOf<Machine>()({ ...named, instance: 'instance', isLate });
  // @ts-expect-error read as something else
  rowOf<Machine>()({ ...named, instance: stored('instance', storedNumber), isLate });

  const key = machineRow.pick('contractId', 'generation');
  key.values({ contractId: 'c', generation: 1 });
  // @ts-expect-error a member is forgotten
  key.values({ contractId: 'c' });
  // @ts-expect-error a member would not be written
  key.values(machine);
  // @ts-expect-error no such member
  machineRow.pick('contract_id');

  machineRow.changed({ state: 'gone' }, 1);
  // @ts-expect-error no such member
  machineRow.changed({ stat: 'gone' }, 1);
  const wide: { state: 'gone'; other?: string } = { state: 'gone' };
  // @ts-expect-error a member would not be written
  machineRow.changed(wide, 1);
  // @ts-expect-error no such word
  machineRow.changed({ state: 'going' }, 1);
  // @ts-expect-error the database works it out
  machineRow.changed({ isLate: true }, 1);
}
