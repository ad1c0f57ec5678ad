import { newPassword } from './password.ts';

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes));

test('24 letters and digits, another time others', () => {
  const many = Array.from({ length: 500 }, () => newPassword(random));
  for (const password of many) expect(password).toMatch(/^[A-Za-z0-9]{24}$/);
  expect(new Set(many).size).toBe(many.length);
});

test('bytes that would favour some signs are thrown away', () => {
  const rounds = [Uint8Array.from([248, 255, 0, 61, 62]), new Uint8Array(30).fill(247)];
  const password = newPassword(() => rounds.shift() ?? new Uint8Array());
  expect(password).toBe(`A9A${'9'.repeat(21)}`);
});
