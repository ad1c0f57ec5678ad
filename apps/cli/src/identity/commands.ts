import { readFileSync } from 'node:fs';
import {
  generateKeyPair,
  generatePhrase,
  keyPairFromSeed,
  seedFromPem,
  seedFromPhrase,
} from '@decent-cloud/identity';
import type { Command } from 'commander';
import { withContext } from '../context.ts';
import { CliError, EXIT } from '../failure.ts';
import { fields, table } from '../print.ts';
import type { Identity } from './identity.store.ts';

/** What may be shown of an identity: never its secret. */
const shown = ({ name, keyPair, createdAt, file }: Identity) => ({
  name,
  publicKey: keyPair.publicKeyHex,
  createdAt,
  file,
});

export function addIdentityCommands(program: Command): void {
  const identity = program.command('identity').description('keys on this computer');

  identity
    .command('generate')
    .description('make a new key')
    .requiredOption('--name <name>', 'what to call it here')
    .option('--phrase', 'make it from 12 words, shown once: the only way to have it on another device')
    .addHelpText('after', '\nExample: dc identity generate --name me')
    .action(
      withContext(({ store, print }, options: { name: string; phrase?: boolean }) => {
        const phrase = options.phrase ? generatePhrase() : undefined;
        const keyPair = phrase === undefined ? generateKeyPair() : keyPairFromSeed(seedFromPhrase(phrase));
        const made = shown(store.save(options.name, keyPair, new Date()));
        print.result({ ...made, ...(phrase !== undefined && { phrase }) }, () =>
          fields({ Name: made.name, 'Public key': made.publicKey, File: made.file, 'Write down': phrase }),
        );
      }),
    );

  identity
    .command('import')
    .description('take a key that exists: 64 hex digits, a PEM file, or the words of a phrase')
    .requiredOption('--name <name>', 'what to call it here')
    .option('--secret-key <hex|file>', 'seed as hex, or a file with it (hex or PEM)')
    .option('--phrase <words>', 'the words, in quotes')
    .addHelpText('after', '\nExample: dc identity import --name me --secret-key ./private.pem')
    .action(
      withContext(({ store, print }, options: { name: string; secretKey?: string; phrase?: string }) => {
        const made = shown(store.save(options.name, keyPairFromSeed(readSeed(options)), new Date()));
        print.result(made, () => fields({ Name: made.name, 'Public key': made.publicKey, File: made.file }));
      }),
    );

  identity
    .command('list')
    .description('list the keys of this computer')
    .addHelpText('after', '\nExample: dc identity list --json')
    .action(
      withContext(({ store, print }) => {
        const all = store.list().map(shown);
        print.result(all, () =>
          [
            table(
              ['Name', 'Public key', 'Created at'],
              all.map((one) => [one.name, one.publicKey, one.createdAt]),
            ),
            `Total: ${all.length}`,
          ].join('\n'),
        );
      }),
    );

  identity
    .command('show')
    .description('show one key, without its secret')
    .argument('<name>')
    .addHelpText('after', '\nExample: dc identity show me')
    .action(
      withContext(({ store, print }, name: string) => {
        const one = shown(store.load(name));
        print.result(one, () =>
          fields({
            Name: one.name,
            'Public key': one.publicKey,
            'Created at': one.createdAt,
            File: one.file,
          }),
        );
      }),
    );

  identity
    .command('delete')
    .description('delete a key for good: without a copy, its wallet and machines are out of reach')
    .argument('<name>')
    .addHelpText('after', '\nExample: dc identity delete me')
    .action(
      withContext(({ store, print }, name: string) => {
        store.delete(name);
        print.result({ deleted: name }, () => `Deleted ${name}`);
      }),
    );
}

function readSeed({ secretKey, phrase }: { secretKey?: string; phrase?: string }): Uint8Array {
  if ((secretKey === undefined) === (phrase === undefined)) {
    throw new CliError(EXIT.usage, 'Give either --secret-key or --phrase');
  }
  try {
    if (phrase !== undefined) return seedFromPhrase(phrase);
    const text = /^[0-9a-fA-F]{64}$/.test(secretKey as string)
      ? (secretKey as string)
      : readFileSync(secretKey as string, 'utf8').trim();
    return text.includes('PRIVATE KEY') ? seedFromPem(text) : keyPairFromSeed(text).seed;
  } catch (cause) {
    throw new CliError(EXIT.usage, `This is no secret key: ${(cause as Error).message}`);
  }
}
