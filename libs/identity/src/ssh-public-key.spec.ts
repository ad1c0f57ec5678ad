import { execFileSync } from 'node:child_process';
import { parseSshPublicKey, SshKeyError } from './ssh-public-key.ts';

// Made by ssh-keygen for these tests; nobody has their private halves.
const KEYS: readonly [type: string, line: string, fingerprint: string][] = [
  [
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBMEBqLRiip9GGYNw12/uIvUOsBQr1kODocz+BJY2z9dTo1xh7geDzXj3zTs9nLmNZhOrBYUNn8W4z4IIdtxZ4hU= me@home',
    'SHA256:ulPR83FZow9wUZ8lsg+oC7R4mUqgtcwaL71BazInoqg',
  ],
  [
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBFSSMwtxyqhJ2BebO0fZoe8icidq2vIkwj9CfE1mGRoyHw0kid9+dB29v2kTIIqrUBckVPu2Tv9SL36J7vHfvCJAFsynWdRQnBdwGO3Y6cA0kIuFBXxK7lC7unUM1hfeAA== me@home',
    'SHA256:2l8lggffPQ10RAnkf8emzQdLdKB24a8mNFkuR0MikW4',
  ],
  [
    'ecdsa-sha2-nistp521',
    'ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAFAlyOdqXDlPZAFv3t4BiI4YnuLscislzRFu82xCEV+EFmgYXwxf454TNsjBKUMlb8ulUbSOMtae/21sCuIrVayNAH8OBhJf0Q9H4VM0kLK85tKCR4kgQpWNF23rkLWE9XNmsSzeqKFREdJXtQskoMVCTLVferp7PB6KjXk5jdDQ/APgw== me@home',
    'SHA256:iMy3NFKiEl1PvlNTf3jrkkjoHMWz0ASJleux6rtkmRY',
  ],
  [
    'ssh-ed25519',
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKU9xSn0SDhY/ilfijR3XI6jwu4VX/6ifHgaHsFAL8sr me@home',
    'SHA256:+4jg5KmEd8oMD655NLwOjuMcEkRMhN02zvhvum6P8Jc',
  ],
  [
    'ssh-rsa',
    'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC3VsJqoLN8Mc/phzXJiPZQw6UaEiqurcExAOEovq2tVm06yYIDpvfHLcqeF7EjiEdonRDVA0BoRhkdn7rNqfDP1ueDiqt8sFWcA7lzF2hwOxr0aYdiQ1I6lKh+xwWHFN++AE1+3YTTh28bEu85ivn/i6RXPzgqhabJYiGUnSC3jf7F6KPZN+Srq06aW4kXB4HhXY0iANL9+CuCfKfcGF91eSPm9sqNewjsRZgV8vnTGjoBMnSVYG5uMmngHTeBIm4EjTHYUODEST4fWvQvCAVeXOxHlHyOnKp0nqpIBr0ifNNYu16OtCuAo72UwG5qx/zld1FvkxU5QhmzVWuypKht me@home',
    'SHA256:Zh8OoGrHaL3q2wibvj1rMFVDefgdgIcX/VeOPMtXzak',
  ],
];

const textField = (text: string | Uint8Array): Buffer => {
  const bytes = Buffer.from(text as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
const lineOf = (type: string, ...fields: (string | Uint8Array)[]) =>
  `${type} ${Buffer.concat(fields.map(textField)).toString('base64')}`;
const ED25519 = KEYS.find(([type]) => type === 'ssh-ed25519')![1];
const POINT = Buffer.from(ED25519.split(' ')[1]!, 'base64').subarray(-32);
const refusal = (line: string): string => {
  try {
    parseSshPublicKey(line);
  } catch (error) {
    if (error instanceof SshKeyError) return error.message;
    throw error;
  }
  throw new Error('was not refused');
};

describe('SSH public keys', () => {
  it.each(KEYS)(
    'of type %s are read with the fingerprint that ssh-keygen prints',
    (type, line, fingerprint) => {
      expect(parseSshPublicKey(line)).toMatchObject({ type, comment: 'me@home', fingerprint });
    },
  );

  it('of security tokens are read', () => {
    const type = 'sk-ssh-ed25519@openssh.com';
    expect(parseSshPublicKey(lineOf(type, type, POINT, 'ssh:'))).toMatchObject({ type, comment: '' });
    const ecdsa = 'sk-ecdsa-sha2-nistp256@openssh.com';
    const point = Buffer.concat([Buffer.of(4), Buffer.alloc(64, 1)]);
    expect(parseSshPublicKey(lineOf(ecdsa, ecdsa, 'nistp256', point, 'ssh:')).type).toBe(ecdsa);
  });

  it('may have spaces and a comment of several words around', () => {
    expect(parseSshPublicKey(`  ${ED25519} and more \n`).comment).toBe('me@home and more');
  });

  it.each([
    ['another type inside', ED25519.replace('ssh-ed25519', 'ssh-rsa'), 'says one type'],
    ['DSA', 'ssh-dss AAAAB3NzaC1kc3MAAAAA', 'ssh-dss'],
    ['several lines', `${ED25519}\n${ED25519}`, 'one line'],
    ['a carriage return inside', `${ED25519}\rcommand`, 'one line'],
    ['options', `command="ls" ${ED25519}`, 'options are not accepted'],
    ['no known type', 'hello', 'begins with its type'],
    ['nothing', '', 'begins with its type'],
    ['a private key', '-----BEGIN OPENSSH PRIVATE KEY-----', 'private key'],
    ['a cut key', ED25519.slice(0, 60), 'SSH key'],
    ['no base64', 'ssh-ed25519 %%%', 'base64'],
    ['bytes at the end', lineOf('ssh-ed25519', 'ssh-ed25519', POINT, 'x'), 'after its end'],
    ['an Ed25519 key of small order', lineOf('ssh-ed25519', 'ssh-ed25519', Buffer.alloc(32)), 'safe Ed25519'],
    [
      'RSA of 1024 bits',
      lineOf(
        'ssh-rsa',
        'ssh-rsa',
        Buffer.of(1, 0, 1),
        Buffer.concat([Buffer.of(0), Buffer.alloc(128, 0xff)]),
      ),
      'has 1024',
    ],
    [
      'RSA of 2047 bits',
      lineOf('ssh-rsa', 'ssh-rsa', Buffer.of(1, 0, 1), Buffer.alloc(256, 0x7f)),
      'has 2047',
    ],
    [
      'a negative RSA number',
      lineOf('ssh-rsa', 'ssh-rsa', Buffer.of(1, 0, 1), Buffer.alloc(300, 0xff)),
      'has 0',
    ],
    [
      'a point of another curve',
      lineOf('ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp384', 'nistp256', Buffer.alloc(65, 4)),
      'no point of its curve',
    ],
    ['too long', `${ED25519} ${'x'.repeat(16_384)}`, '16 KiB'],
  ])('are refused with %s', (_what, line, text) => {
    expect(refusal(line)).toContain(text);
  });

  it('agree with ssh-keygen where there is one', () => {
    let printed: string;
    try {
      printed = execFileSync('ssh-keygen', ['-l', '-f', '-'], { input: `${ED25519}\n`, encoding: 'utf8' });
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOENT');
      return;
    }
    expect(printed).toContain(parseSshPublicKey(ED25519).fingerprint);
  });
});
