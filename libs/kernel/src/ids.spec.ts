import { fromHex, toHex, uuidV7 } from './ids.ts';

describe('ids', () => {
  it('reads and prints hex', () => {
    expect(toHex(fromHex('00FFa1'))).toBe('00ffa1');
  });

  it.each(['0', 'zz', '0x00'])('refuses %p as hex', (text) => {
    expect(() => fromHex(text)).toThrow(RangeError);
  });

  it('orders UUIDs by time and marks version and variant', () => {
    const earlier = uuidV7(1_700_000_000_000_000_000n);
    const later = uuidV7(1_700_000_000_001_000_000n);
    expect(earlier < later).toBe(true);
    expect(earlier).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('stands for the millisecond in its first 48 bits', () => {
    expect(uuidV7(0x0197_0102_0304n * 1_000_000n + 999_999n)).toMatch(/^01970102-0304-7/);
  });

  it('never makes the same UUID twice in a millisecond', () => {
    const made = Array.from({ length: 5_000 }, () => uuidV7(1_700_000_000_000_000_000n));
    expect(new Set(made).size).toBe(5_000);
  });
});
