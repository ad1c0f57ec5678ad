import { type Counted, StreamPlaces } from './stream-limits.ts';

const places = () =>
  new StreamPlaces({
    max: 12,
    perKey: 3,
    perAddress: 6,
    withoutAccount: { max: 4, perKey: 1, perAddress: 2 },
  });
const stream = (key: string, address: string, accountId?: string): Counted => ({
  publicKey: key,
  address,
  accountId,
});

/** Opens one, or says why not. */
function ask(at: StreamPlaces, one: Counted): string {
  try {
    at.assertOneMore(one);
  } catch (error) {
    return `${(error as { code: string }).code} ${(error as Error).message}`;
  }
  at.add(one);
  return 'open';
}

describe('places for live streams', () => {
  it('are few for keys without an account: for a key, for an address, and in all', () => {
    const at = places();
    const hint = 'without an account; register the key for more';
    expect(ask(at, stream('k1', 'a1'))).toBe('open');
    expect(ask(at, stream('k1', 'a1'))).toBe(`LIMIT At most 1 live streams for a key ${hint}`);
    expect(ask(at, stream('k2', 'a1'))).toBe('open');
    expect(ask(at, stream('k3', 'a1'))).toBe(`LIMIT At most 2 live streams for keys of an address ${hint}`);
    for (const key of ['k4', 'k5']) expect(ask(at, stream(key, 'a2'))).toBe('open');
    expect(ask(at, stream('k6', 'a3'))).toMatch(/^UNAVAILABLE .*without an account/);
    for (let index = 0; index < 3; index++) expect(ask(at, stream('p1', 'a1', 'person'))).toBe('open');
    expect(ask(at, stream('p1', 'a1', 'person'))).toBe('LIMIT At most 3 live streams for a key');
  });

  it('are limited for an address, whoever is behind it, and come back when streams end', () => {
    const at = places();
    const open = Array.from({ length: 6 }, (_, index) => stream(`k${index}`, 'a1', `account ${index}`));
    for (const one of open) expect(ask(at, one)).toBe('open');
    const late = stream('late', 'a1', 'late');
    expect(ask(at, late)).toBe('LIMIT At most 6 live streams for an address');
    expect(() => at.assertAddress('a1')).toThrow('for an address');
    expect(() => at.assertAddress('a2')).not.toThrow();
    at.remove(open[0] as Counted);
    expect(ask(at, late)).toBe('open');
    for (let index = 0; index < 6; index++)
      expect(ask(at, stream(`x${index}`, `b${index}`, 'x'))).toBe('open');
    expect(ask(at, stream('y', 'c', 'y'))).toBe('UNAVAILABLE Too many live streams are open at this gateway');
  });
});
