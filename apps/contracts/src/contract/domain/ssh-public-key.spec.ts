import { assertTakesKey, sshPublicKeyOf } from './ssh-public-key.ts';

const BASE64 = 'AAAAC3NzaC1lZDI1NTE5AAAAIFJ9XLaOeiLUcoIE55DpnmASB9aHusy8UeU4ceLKn5VC';
const TOKEN =
  'sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIEaWjuOlohWUOsSp/fLaHH3tldm75GQX2aNRyWXhrNwjAAAABHNzaDo= token';

test.each([
  [`ssh-ed25519  ${BASE64}   me@home`, `ssh-ed25519 ${BASE64} me@home`],
  [`\tssh-ed25519\t${BASE64}\tme@home\r\n`, `ssh-ed25519 ${BASE64} me@home`],
  [`ssh-ed25519 ${BASE64}`, `ssh-ed25519 ${BASE64}`],
  [`ssh-ed25519 ${BASE64} Zoë’s  laptop ☁`, `ssh-ed25519 ${BASE64} Zo s laptop`],
  [`ssh-ed25519 ${BASE64} \u00a0\u200b`, `ssh-ed25519 ${BASE64}`],
  [`ssh-ed25519\u00a0${BASE64}\u2003me`, `ssh-ed25519 ${BASE64} me`],
])('%j is sent as every machine reads it', (pasted, line) => {
  expect(sshPublicKeyOf(pasted)).toBe(line);
  expect(sshPublicKeyOf(line)).toBe(line);
});

test('what a backend cannot take is refused before anything is paid', () => {
  const token = sshPublicKeyOf(TOKEN);
  expect(() => assertTakesKey(['local'], token)).toThrow(
    expect.objectContaining({
      code: 'INVALID',
      reason: 'SSH_KEY_INVALID',
      message: expect.stringContaining('sk-ssh-ed25519@openssh.com'),
    }),
  );
  for (const types of [['docker'], ['proxmox'], ['toString'], ['local', 'docker'], []]) {
    expect(() => assertTakesKey(types, token)).not.toThrow();
  }
  expect(() => assertTakesKey(['local'], sshPublicKeyOf(`ssh-ed25519 ${BASE64}`))).not.toThrow();
});
