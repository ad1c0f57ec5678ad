import ssh2 from 'ssh2';
import { newSshKey } from './ssh-key.ts';

test('every key can be read', () => {
  const unreadable = Array.from({ length: 3_000 }, () => newSshKey('machine')).filter(
    (key) => ssh2.utils.parseKey(key.private) instanceof Error,
  );
  expect(unreadable).toEqual([]);
});
