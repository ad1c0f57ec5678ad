import ssh2 from 'ssh2';

export interface SshKeyPair {
  /** OpenSSH's own format. */
  readonly private: string;
  /** `ssh-ed25519 AAAA… comment` */
  readonly public: string;
}

const ATTEMPTS = 20;

/** A new Ed25519 key for SSH. The generator writes one in a few hundred in a form that cannot be read; those are left out. */
export function newSshKey(comment: string): SshKeyPair {
  for (let attempt = 1; ; attempt++) {
    const key = ssh2.utils.generateKeyPairSync('ed25519', { comment });
    const read = ssh2.utils.parseKey(key.private);
    if (!(read instanceof Error)) return key;
    if (attempt === ATTEMPTS) throw read;
  }
}
