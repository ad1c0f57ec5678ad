import { globSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { AgentEvent } from './agents/protocol.ts';
import { knownWord, word } from './wire/schema.ts';
import * as words from './words.ts';

const exported: Readonly<Record<string, unknown>> = words;
const lists = Object.entries(exported).flatMap(([name, list]) =>
  Array.isArray(list) ? [[name, list.map(String)] as const] : [],
);

test.each(lists)('%s has every word once', (_name, list) => {
  expect(list.length).toBeGreaterThan(0);
  expect(new Set(list).size).toBe(list.length);
});

test('a reader takes the word of a newer sender as it is, and knows that it is none of its own', () => {
  const schema = z.object({ status: word(words.CONTRACT_STATUSES) });
  expect(schema.parse({ status: 'hibernated' })).toEqual({ status: 'hibernated' });
  expect(knownWord(words.CONTRACT_STATUSES, 'hibernated')).toBeUndefined();
  expect(knownWord(words.CONTRACT_STATUSES, 'constructor')).toBeUndefined();
  expect(knownWord(words.CONTRACT_STATUSES, 'active')).toBe('active');
});

test('a sender can write no other word: the compiler says so', () => {
  type Sent = z.input<ReturnType<typeof word<words.ContractStatus>>>;
  const sent: Sent = 'active';
  // @ts-expect-error a misspelt status
  const misspelt: Sent = 'actve';
  expect([sent, misspelt]).toHaveLength(2);
});

test('what agents report has a shape for each word, and no other', () => {
  type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never;
  const same: Same<AgentEvent['kind'], words.AgentEventKind> = true;
  expect(same).toBe(true);
});

test('a list of words is written down in words only', () => {
  const source = import.meta.dirname;
  const written = globSync('**/*.ts', { cwd: source }).filter(
    (path) =>
      !path.endsWith('.spec.ts') && /z\.enum\(\s*\[\s*'/.test(readFileSync(`${source}/${path}`, 'utf8')),
  );
  // How queries write true and false.
  expect(written).toEqual(['wire/schema.ts']);
});
