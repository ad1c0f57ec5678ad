import { assertNotLastKey, assertRoomForInvitation, assertRoomForKey, parseKeyId } from './key-rules.ts';

test('key ids are 32 hex characters of any case', () => {
  expect(parseKeyId('C6FA341F99634D12AE3E94F7E4348ED1')).toBe('c6fa341f99634d12ae3e94f7e4348ed1');
  for (const wrong of ['', 'c6fa', `${'a'.repeat(32)}0`, 'g'.repeat(32)]) {
    expect(() => parseKeyId(wrong)).toThrow('Invalid key id hex');
  }
});

test('ten active keys are the most, a hundred ever', () => {
  expect(() => assertRoomForKey({ active: 9, all: 99 })).not.toThrow();
  expect(() => assertRoomForKey({ active: 10, all: 10 })).toThrow('Maximum 10 keys per account');
  expect(() => assertRoomForKey({ active: 1, all: 100 })).toThrow('disabled ones included');
  expect(() => assertRoomForInvitation({ active: 4, all: 4, invited: 5 })).not.toThrow();
  expect(() => assertRoomForInvitation({ active: 4, all: 4, invited: 6 })).toThrow('Maximum 10 keys');
});

test('the last active key stays', () => {
  expect(() => assertNotLastKey(2)).not.toThrow();
  expect(() => assertNotLastKey(1)).toThrow('Cannot remove the last active key');
});
