import { firstFree, placeholdersFor } from './placeholder.ts';

const KEY = '0123456789abcdef'.repeat(4);
const candidates = placeholdersFor(KEY, 'deadbeef');

test('names come from the key', () => {
  expect(firstFree(candidates, new Set())).toEqual({
    username: 'user_01234567',
    email: 'auto-0123456789abcdef@noemail.local',
  });
});

test('the first end is taken for which name and address are free', () => {
  const taken = new Set(['user_01234567', 'auto-0123456789abcdef_1@noemail.local']);
  expect(firstFree(candidates, taken)?.username).toBe('user_01234567_2');
});

test('somebody who took all numbered names cannot lock a key out', () => {
  const taken = new Set(candidates.slice(0, 101).map(({ username }) => username));
  expect(firstFree(candidates, taken)).toEqual({
    username: 'user_01234567_deadbeef',
    email: 'auto-0123456789abcdef_deadbeef@noemail.local',
  });
  expect(firstFree(candidates, new Set(candidates.map(({ username }) => username)))).toBeUndefined();
});
