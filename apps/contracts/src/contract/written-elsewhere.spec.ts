import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { PROVIDER_KEY, SSH_KEY, TENANT_KEY } from '../../test/sample-contract.ts';
import { contractIdOf } from './domain/contract-id.ts';
import { lifecycle, needsPayment } from './domain/status.ts';

const ROOT = new URL('../../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

describe('what is written down elsewhere', () => {
  const moves = lifecycle.states.flatMap((from) => lifecycle.table[from].map((to) => `${from}>${to}`));
  const sql = read('prisma/contracts/migrations/20261105000000_contracts/migration.sql');
  const listAfter = (text: string): string[] => {
    const rest = sql.slice(sql.indexOf(text) + text.length);
    return [...rest.slice(0, rest.indexOf(')')).matchAll(/'([a-z]+)'/g)].map((match) => match[1] as string);
  };

  it('the database knows the same states', () => {
    expect(listAfter('constraint contract_status_known')).toEqual(lifecycle.states);
    expect(listAfter('(deadline_at_ns is null) =')).toEqual(lifecycle.finals);
    expect(listAfter('case when status in')).toEqual(lifecycle.finals);
    expect(listAfter('    status not in')).toEqual(lifecycle.states.filter(needsPayment));
  });

  it('the page for people shows the same moves', () => {
    const drawn = [...read('docs/rental-life.md').matchAll(/^ {2}(\S+) --> (\S+)$/gm)]
      .map((match) => `${match[1]}>${match[2]}`)
      .filter((move) => !move.includes('[*]'));
    expect(drawn.sort()).toEqual(moves.sort());
  });
});

it('the id of a contract is the hash that others compute', () => {
  const int64 = (value: bigint): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  };
  const expected = createHash('sha256')
    .update(Buffer.from(TENANT_KEY, 'hex'))
    .update(Buffer.from(PROVIDER_KEY, 'hex'))
    .update('small-vps')
    .update(SSH_KEY)
    .update('email:ä@example.com')
    .update(int64(13_888_888n))
    .update('memo')
    .update(int64(1_795_415_157_151_753_347n))
    .digest('hex');
  expect(
    contractIdOf({
      tenantPublicKey: TENANT_KEY,
      providerPublicKey: PROVIDER_KEY,
      offeringId: 'small-vps',
      tenantSshPublicKey: SSH_KEY,
      tenantContact: 'email:ä@example.com',
      priceE9s: 13_888_888n,
      requestMemo: 'memo',
      createdAtNs: 1_795_415_157_151_753_347n,
    }),
  ).toBe(expected);
});
