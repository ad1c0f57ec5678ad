import fc from 'fast-check';
import { EventStreamParser } from './event-stream.ts';

const parse = (...pieces: string[]) => {
  const parser = new EventStreamParser();
  return pieces.flatMap((piece) => parser.push(piece));
};

describe('the event stream parser', () => {
  it('reads id, event and data of several lines, and keeps the id', () => {
    expect(parse('id: 7\nevent: a\ndata: x\ndata:y\n\ndata: z\n\n')).toEqual([
      { id: '7', event: 'a', data: 'x\ny' },
      { id: '7', event: 'message', data: 'z' },
    ]);
  });

  it('leaves out comments, unknown fields, events without data and an unfinished end', () => {
    expect(parse('\uFEFF: keep-alive\n\nfoo: 1\nevent: e\n\ndata: a\n\ndata: unfinished\n')).toEqual([
      { id: undefined, event: 'message', data: 'a' },
    ]);
  });

  it('takes the wait that the stream asks for, and only digits', () => {
    const parser = new EventStreamParser();
    parser.push('retry: 1500\nretry: 2s\n');
    expect(parser.retryMs).toBe(1500);
  });

  it('gives the same however the text is cut and whatever ends its lines', () => {
    const text = 'id: 1\nevent: e\ndata: a\n\n: c\nid: 2\ndata: b\ndata: c\n\n';
    const expected = parse(text);
    expect(expected).toHaveLength(2);
    fc.assert(
      fc.property(
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.array(fc.nat({ max: text.length * 2 }), { maxLength: 8 }),
        (lineEnd, cuts) => {
          const whole = text.replaceAll('\n', lineEnd);
          const at = [0, ...cuts.filter((cut) => cut < whole.length).sort((a, b) => a - b), whole.length];
          const pieces = at.slice(1).map((end, index) => whole.slice(at[index], end));
          // A last CR may be half of CRLF: something must follow.
          expect(parse(...pieces, ':\n')).toEqual(expected);
        },
      ),
    );
  });
});
