import { addressBlock, RateLimiter, tierOf } from './rate-limiter.ts';

describe('the rate limiter', () => {
  let nowMs = 0;
  const limiter = () => new RateLimiter(() => nowMs);
  const passed = (one: RateLimiter, times: number, caller = 'ip 1') =>
    Array.from({ length: times }, () => one.count(caller, 'strict')).filter(({ allowed }) => allowed).length;
  beforeEach(() => {
    nowMs = 1_795_414_880_000;
  });

  it('lets ten strict requests of a caller through in a minute, and ten in the next', () => {
    const one = limiter();
    expect(passed(one, 15)).toBe(10);
    expect(passed(one, 15, 'ip 2')).toBe(10);
    expect(one.count('ip 1', 'standard').allowed).toBe(true);
    const { retryAfterSeconds } = one.count('ip 1', 'strict');
    nowMs += retryAfterSeconds * 1_000 - 1_000;
    expect(one.count('ip 1', 'strict').allowed).toBe(false);
    nowMs += 1_000;
    expect(passed(one, 15)).toBe(10);
  });

  it('adds what other gateways have counted in the same minute', () => {
    const one = limiter();
    const other = limiter();
    passed(other, 4);
    const told = other.takeChanges();
    expect(told?.counts).toEqual(new Map([['strict ip 1', 4]]));
    one.takeOthers('other', told?.window ?? 0, told?.counts ?? []);
    one.takeOthers('other', told?.window ?? 0, told?.counts ?? []);
    expect(passed(one, 15)).toBe(6);
    expect(other.takeChanges()).toBeUndefined();
    one.takeOthers('late', (told?.window ?? 0) - 1, [['strict ip 3', 10]]);
    expect(one.peek('ip 3', 'strict').allowed).toBe(true);
  });

  it('looks without counting', () => {
    const one = limiter();
    for (let index = 0; index < 20; index++) expect(one.peek('ip 1', 'strict').allowed).toBe(true);
    expect(passed(one, 11)).toBe(10);
    expect(one.peek('ip 1', 'strict').allowed).toBe(false);
  });
});

describe('the tier', () => {
  it('is as declared, else by the method', () => {
    expect(tierOf({ rateTier: 'strict' }, 'GET')).toBe('strict');
    expect(tierOf({ rateTier: 'none' }, 'POST')).toBeUndefined();
    expect(tierOf({}, 'HEAD')).toBe('relaxed');
    expect(tierOf(undefined, 'DELETE')).toBe('standard');
  });
});

describe('an address', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('%s counts as %s', (address, block) => {
    expect(addressBlock(address)).toBe(block);
  });
});
