const SUFFIXES = 100;
/** Placeholder addresses never get a mail; nobody may register one. */
export const PLACEHOLDER_EMAIL_DOMAIN = '@noemail.local';

export interface Placeholder {
  readonly username: string;
  readonly email: string;
}

/** Names for an account that nobody registered: `user_<8 hex>`, then `_1` to `_100`, then a random end. */
export function placeholdersFor(publicKey: string, randomHex: string): Placeholder[] {
  const name = `user_${publicKey.slice(0, 8)}`;
  const address = `auto-${publicKey.slice(0, 16)}`;
  const ends = ['', ...Array.from({ length: SUFFIXES }, (_, index) => `_${index + 1}`), `_${randomHex}`];
  return ends.map((end) => ({
    username: `${name}${end}`,
    email: `${address}${end}${PLACEHOLDER_EMAIL_DOMAIN}`,
  }));
}

/** The first whose name and address are both free. */
export function firstFree(
  candidates: readonly Placeholder[],
  taken: ReadonlySet<string>,
): Placeholder | undefined {
  return candidates.find(({ username, email }) => !taken.has(username) && !taken.has(email));
}
