import { CredentialError, openCredential } from '@decent-cloud/identity';
import { parseExactJson } from '@decent-cloud/kernel';
import { getCredentials } from '@decent-cloud/messages/contracts';
import type { Command } from 'commander';
import { CliError, EXIT } from '../exit.ts';
import { type Run, verb } from '../verb.ts';
import { EXAMPLE_ID } from './get.ts';

/** Most agents seal a JSON object; what is none stays text. */
function structured(credentials: string): unknown {
  try {
    const value = parseExactJson(credentials);
    return typeof value === 'object' && value !== null ? value : credentials;
  } catch (error) {
    if (error instanceof SyntaxError) return credentials;
    throw error;
  }
}

export function addCredentials(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'credentials <id>',
    summary: 'show the password of a machine: opened here, nobody else can read it',
    example: `contract credentials ${EXAMPLE_ID}`,
    async run(session, _options, [typed = '']) {
      const id = await session.contractId(typed);
      const envelope = await session.call(getCredentials, { params: { id } });
      const { keyPair } = await session.identity();
      const contractId = id.toLowerCase();
      try {
        const credentials = openCredential({ seed: keyPair.seed, envelope, contractId });
        return { json: { contractId, credentials: structured(credentials) }, text: `${credentials}\n` };
      } catch (error) {
        if (!(error instanceof CredentialError)) throw error;
        throw new CliError(
          EXIT.failure,
          'CREDENTIALS_UNREADABLE',
          error.message,
          'Use the identity that made the contract, or reset the password.',
          { cause: error },
        );
      }
    },
  });
}
