import type { Logger } from '@decent-cloud/runtime';
import type { FactReader, ParsedFact } from './fact-reader.ts';
import { Past } from './past.ts';

const logger = { warn: () => undefined } as unknown as Logger;
const fact = (audience: string, bytes: number): ParsedFact =>
  ({
    declaration: {
      live: () => ({ event: 'e', data: 'x'.repeat(bytes) }),
      audience: () => [audience],
    },
    payload: {},
  }) as never;

describe('the past of the live updates', () => {
  it('is read in pages that hold only what concerns the client, and not much of that', async () => {
    let given = 0;
    const readPage: FactReader['readPage'] = async ({ after, end }, onFact) => {
      for (let sequence = after + 1; sequence <= end; sequence++) {
        given++;
        if (!onFact(fact(sequence % 2 === 0 ? 'me' : 'other', 10_000), sequence)) return sequence;
      }
      return end;
    };
    const page = await new Past({ readPage }, logger).pageAfter(0, 1_000, ({ audience }) =>
      audience.includes('me'),
    );
    expect(page?.changes.map(({ sequence }) => sequence)).toEqual([2, 4, 6, 8, 10, 12, 14]);
    expect([page?.upTo, given]).toEqual([14, 14]);
  });

  it('is read by a few at a time; the others wait for their turn', async () => {
    let reading = 0;
    let most = 0;
    const ends: (() => void)[] = [];
    const readPage: FactReader['readPage'] = async ({ end }) => {
      most = Math.max(most, ++reading);
      await new Promise<void>((resolve) => ends.push(resolve));
      reading--;
      return end;
    };
    const past = new Past({ readPage }, logger);
    const pages = Array.from({ length: 100 }, () => past.pageAfter(0, 5, () => true));
    for (let turns = 0; turns < 100; turns++) {
      await new Promise(setImmediate);
      ends.shift()?.();
    }
    expect(await Promise.all(pages)).toEqual(Array(100).fill({ changes: [], upTo: 5 }));
    expect(most).toBe(32);
  });

  it('cannot be had when the stream does not answer', async () => {
    const past = new Past({ readPage: () => Promise.reject(new Error('no')) }, logger);
    expect(await past.pageAfter(0, 5, () => true)).toBeUndefined();
  });
});
