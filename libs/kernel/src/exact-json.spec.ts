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
});
