import { assertRoomForExternalKey, keptKeyOf } from './external-key-rules.ts';

const SSH_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFJ9XLaOeiLUcoIE55DpnmASB9aHusy8UeU4ceLKn5VC sample';

test('the fingerprint of an SSH key is our own, whatever the owner says', () => {
  const keyFingerprint = 'SHA256:somebody-elses';
  const kept = keptKeyOf({ keyType: 'ssh-ed25519', keyData: SSH_KEY, keyFingerprint });
  expect(kept.keyFingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
  const pasted = `  ${SSH_KEY.replaceAll(' ', '\t  ')}\n`;
  expect(keptKeyOf({ keyType: 'ssh-ed25519', keyData: pasted })).toEqual(kept);
  expect(kept.keyData).toBe(SSH_KEY);
});

test('other keys keep the fingerprint that came with them', () => {
  const keyData = '-----BEGIN PGP PUBLIC KEY BLOCK-----';
  const given = { keyType: 'gpg', keyData, keyFingerprint: 'ABCD' };
  expect(keptKeyOf(given)).toEqual({ keyData, keyFingerprint: 'ABCD' });
  expect(keptKeyOf({ keyType: 'gpg', keyData })).toEqual({ keyData, keyFingerprint: null });
});

test.each([
  ['cut off', 'ssh-ed25519', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFJ9XLaOeiLUcoIE'],
  ['of another type than it says', 'ssh-rsa', SSH_KEY],
  ['two lines', 'ssh-ed25519', `${SSH_KEY}\n${SSH_KEY}`],
])('an SSH key that is %s is refused', (_what, keyType, keyData) => {
  expect(() => keptKeyOf({ keyType, keyData })).toThrow(
    expect.objectContaining({ code: 'INVALID', reason: 'SSH_KEY_INVALID' }),
  );
});

test('an account shows at most 50', () => {
  expect(() => assertRoomForExternalKey(49)).not.toThrow();
  expect(() => assertRoomForExternalKey(50)).toThrow('Maximum 50 external keys per account');
});
