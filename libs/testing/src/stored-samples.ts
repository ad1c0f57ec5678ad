import { parseExactJson, type StoredJson } from '@decent-cloud/kernel';

/** As it was written once, and what it is now. A sample stays as it is for ever: rows like it are in databases. */
export interface StoredSample<Present extends object> {
  readonly kept: string;
  readonly is: Present;
}

/**
 * Tests that every version that was ever written is read, and that the newest one is written.
 * @param samples one of each version, from 0 on; the newest with all members
 * @param wire members of what travels: none of them may be lost between the wire and the row
 */
export function readsForEver<Present extends object>(
  stored: StoredJson<Present>,
  samples: readonly StoredSample<Present>[],
  wire: readonly string[] = [],
): void {
  const newest = samples.at(-1);

  test('each version has its sample', () => {
    expect(samples).toHaveLength(stored.newest + 1);
  });

  test.each(samples.map(({ kept, is }, version) => ({ version, kept, is })))(
    'version $version is read as what it is now',
    ({ kept, is }) => {
      expect(stored.read(parseExactJson(kept))).toEqual(is);
    },
  );

  test('the newest version is written', () => {
    const written = newest && parseExactJson(stored.write(newest.is));
    expect(written).toEqual(parseExactJson(newest?.kept ?? ''));
    expect(written).toHaveProperty('v', stored.newest);
  });

  test('what a newer program has written is not read as something else', () => {
    expect(() => stored.read({ ...newest?.is, v: stored.newest + 1 })).toThrow('this program reads');
  });

  test('nothing of what travels is lost when it is stored', () => {
    const members = Object.keys(newest?.is ?? {});
    expect(wire.filter((member) => !members.includes(member))).toEqual([]);
  });
}
