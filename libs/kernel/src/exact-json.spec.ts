import { parseExactJson, printExactJson } from './exact-json.ts';

describe('exact JSON', () => {
  it('keeps integers beyond 2^53 to the last digit, both ways', () => {
    const text = '{"createdAt":1795414881239669001,"small":7,"negative":-9223372036854775808}';
    expect(parseExactJson(text)).toEqual({
      createdAt: 1795414881239669001n,
      small: 7,
      negative: -9223372036854775808n,
    });
    expect(printExactJson(parseExactJson(text))).toBe(text);
  });

  it('leaves fractions, strings and safe integers alone', () => {
    expect(parseExactJson('[0.25,"1234567890123456789",9007199254740991]')).toEqual([
      0.25,
      '1234567890123456789',
      9007199254740991,
    ]);
  });

  it('refuses malformed text', () => {
    expect(() => parseExactJson('{"a":12345678901234567890')).toThrow(SyntaxError);
  });

  it.each([
    ['9'.repeat(20), 99999999999999999999n],
    [`-${'9'.repeat(20)}`, -99999999999999999999n],
    ['1e308', 1e308],
    [`0.${'1'.repeat(398)}`, 0.1111111111111111],
    ['1e-400', 0],
    [`"${'9'.repeat(1_000)} 1e400 [[["`, `${'9'.repeat(1_000)} 1e400 [[[`],
    ['"\\\\\\"1e400"', '\\"1e400'],
    [`${'['.repeat(128)}${']'.repeat(128)}`, expect.anything()],
  ])('reads %s', (text, value) => {
    expect(parseExactJson(text)).toEqual(value);
  });

  it.each([
    ['an integer of 21 digits', '1'.repeat(21), 'an integer has more than 20 digits'],
    ['a negative one', `{"a":-${'1'.repeat(21)}}`, 'an integer has more than 20 digits'],
    ['a fraction of 401 characters', `[0.${'1'.repeat(399)}]`, 'a number has more than 400 characters'],
    ['what a double cannot hold', '{"duration_hours":1e400}', 'the number 1e400 is too large'],
    ['the same, negative', '[-1E+400]', 'the number -1E+400 is too large'],
    ['the same, written out', `[${'1'.repeat(310)}.0]`, 'is too large'],
    ['the same, behind a string', '["a\\\\",1e400]', 'the number 1e400 is too large'],
    ['129 levels', '['.repeat(129), 'nested too deeply'],
    ['20,000 levels', `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`, 'nested too deeply'],
    ['the same with an integer inside', `${'['.repeat(20_000)}${'1'.repeat(18)}`, 'nested too deeply'],
  ])('refuses %s', (_what, text, why) => {
    expect(() => parseExactJson(text)).toThrow(SyntaxError);
    expect(() => parseExactJson(text)).toThrow(why);
  });

  it.each([
    ['a million digits', (size: number) => `[1,${'7'.repeat(size)}]`],
    ['a million digits after a point', (size: number) => `[0.${'7'.repeat(size)}]`],
    ['many numbers of 20 digits', (size: number) => `[${`${'7'.repeat(20)},`.repeat(size / 21)}1]`],
    ['many signs', (size: number) => `[${'-'.repeat(size)}]`],
    ['many quotes behind backslashes', (size: number) => `["${'\\"'.repeat(size / 2)}"]`],
    ['many backslashes', (size: number) => `["${'\\'.repeat(size)}"]`],
    ['a string without an end', (size: number) => `["${'a'.repeat(size)}`],
    ['many empty strings', (size: number) => `[${'"",'.repeat(size / 3)}1]`],
    ['many brackets', (size: number) => '[]'.repeat(size / 2)],
  ])('works through %s in proportion to the length of the text', (_what, make) => {
    const text = make(1_000_000);
    const { characters, longestConverted } = work(() => parseExactJson(text));
    expect(longestConverted).toBeLessThanOrEqual(21);
    expect(characters).toBeGreaterThan(0);
    expect(characters).toBeLessThan(3 * text.length);
  });
});

/** Counts the characters that are looked at, and how long what becomes a bigint is. */
function work(task: () => unknown): { readonly characters: number; readonly longestConverted: number } {
  const { charCodeAt, indexOf } = String.prototype;
  const { BigInt: convert } = globalThis;
  let characters = 0;
  let longestConverted = 0;
  String.prototype.charCodeAt = function (this: string, at: number) {
    characters++;
    return charCodeAt.call(this, at);
  };
  String.prototype.indexOf = function (this: string, what: string, from = 0) {
    const found = indexOf.call(this, what, from);
    characters += (found < 0 ? this.length : found + 1) - from;
    return found;
  };
  globalThis.BigInt = Object.assign((value: string) => {
    longestConverted = Math.max(longestConverted, String(value).length);
    return convert(value);
  }, convert) as BigIntConstructor;
  try {
    task();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  } finally {
    Object.assign(String.prototype, { charCodeAt, indexOf });
    globalThis.BigInt = convert;
  }
  return { characters, longestConverted };
}
