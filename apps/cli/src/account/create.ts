import { registerAccount } from '@decent-cloud/messages/accounts';
import type { Command } from 'commander';
import { type Run, verb } from '../verb.ts';
import { describeAccount } from './describe-account.ts';

export function addCreate(parent: Command, run: Run): void {
  verb<{ username: string; email: string }>(parent, run, {
    name: 'create',
    summary: 'register an account for the identity',
    example: 'account create --identity alice --username alice --email alice@example.com',
    writes: true,
    configure: (command) =>
      command
        .requiredOption('--username <name>', 'name at the platform')
        .requiredOption('--email <address>', 'e-mail address'),
    async run(session, { username, email }) {
      const publicKey = await session.publicKey();
      const account = await session.call(registerAccount, { body: { username, email, publicKey } });
      return { json: account, text: describeAccount(account) };
    },
  });
}
