const SIGNS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const LENGTH = 24;
/** Bytes from here on would make some signs likelier than others. */
const FAIR = 256 - (256 % SIGNS.length);

/** A new password: every sign as likely as any other. */
export function newPassword(random: (bytes: number) => Uint8Array): string {
  let password = '';
  while (password.length < LENGTH) {
    for (const byte of random(LENGTH)) {
      if (byte < FAIR && password.length < LENGTH) password += SIGNS[byte % SIGNS.length];
    }
  }
  return password;
}
