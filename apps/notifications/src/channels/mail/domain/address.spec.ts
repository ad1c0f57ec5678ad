import { isMailAddress, isReservedAddress } from './address.ts';

test('one plain address, nothing else', () => {
  for (const address of ['alice+x@mail.example.com', "o'brien@example.com", 'a@example.xn--p1ai']) {
    expect(isMailAddress(address)).toBe(true);
  }
  for (const wrong of [
    '',
    'alice',
    'a@b',
    'a@b..com',
    'a@b.com, c@d.com',
    'Alice <a@b.com>',
    'a@b.com\r\nBcc: c@d.com',
    `${'a'.repeat(250)}@b.com`,
  ]) {
    expect(isMailAddress(wrong)).toBe(false);
  }
});

test('addresses that cannot exist', () => {
  for (const address of ['a@example.com', 'a@mail.Example.org', 'a@b.test', 'auto-1@noemail.local']) {
    expect(isReservedAddress(address)).toBe(true);
  }
  for (const address of ['a@notexample.com', 'a@example.com.real.net', 'a@contest.com', 'a@local.net']) {
    expect(isReservedAddress(address)).toBe(false);
  }
});
