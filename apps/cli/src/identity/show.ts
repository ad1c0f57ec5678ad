import { publicKeyToUid } from '@decent-cloud/identity';
import type { Command } from 'commander';
import { details } from '../print.ts';
import { type Run, verb } from '../verb.ts';

export function addShow(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'show <name>',
    summary: 'show an identity; never its secret',
    example: 'identity show alice',
    async run({ store }, _options, [name = '']) {
      const { keyPair, createdAt } = await store.load(name);
      const path = store.fileOf(name);
      const uid = publicKeyToUid(keyPair.publicKey);
      return {
        json: { name, publicKey: keyPair.publicKeyHex, uid, createdAt, path },
        text: details({
          Name: name,
          'Public key': keyPair.publicKeyHex,
          Uid: uid,
          'Created at': createdAt,
          File: path,
        }),
      };
    },
  });
}
