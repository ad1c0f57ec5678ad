import {
  addExternalKey,
  findAccount,
  listExternalKeys,
  registerAccount,
} from '@decent-cloud/messages/accounts';
import type { Command } from 'commander';
import { type Context, newKey, withContext } from '../context.ts';
import { readPublicKeyLine } from '../contract/ssh-key.ts';
import { fields, table } from '../print.ts';

const ownAccount = ({ api, publicKey }: Context) =>
  api.call(findAccount, { query: { publicKey } }, { sign: true });

export function addAccountCommands(program: Command): void {
  const account = program.command('account').description('the own account');

  account
    .command('create')
    .description('register an account for the own key')
    .requiredOption('--username <name>')
    .requiredOption('--email <address>')
    .addHelpText(
      'after',
      '\nExample: dc account create --identity me --username alice --email alice@example.com',
    )
    .action(
      withContext(async (context, options: { username: string; email: string }) => {
        context.confirmWrite();
        const made = await context.api.call(registerAccount, {
          body: { ...options, publicKey: context.publicKey },
        });
        context.print.result(made, () =>
          fields({ Username: made.username, Id: made.id, 'Public key': context.publicKey }),
        );
      }),
    );

  account
    .command('get')
    .description('show the account of the own key')
    .addHelpText('after', '\nExample: dc account get --identity me')
    .action(
      withContext(async (context) => {
        const mine = await ownAccount(context);
        context.print.result(mine, () =>
          fields({
            Username: mine.username,
            Id: mine.id,
            'E-mail': mine.email,
            Verified: mine.emailVerified,
            Keys: mine.publicKeys.filter(({ isActive }) => isActive).length,
          }),
        );
      }),
    );

  account
    .command('add-ssh-key')
    .description('show an SSH key with the own account')
    .requiredOption('--key <file|line>', 'a .pub file, or its content')
    .option('--label <text>')
    .addHelpText('after', '\nExample: dc account add-ssh-key --key ~/.ssh/id_ed25519.pub --label laptop')
    .action(
      withContext(async (context, options: { key: string; label?: string }) => {
        context.confirmWrite();
        const { username } = await ownAccount(context);
        const keyData = readPublicKeyLine(options.key);
        const body = {
          keyType: keyData.split(' ')[0] as string,
          keyData,
          ...(options.label !== undefined && { label: options.label }),
        };
        const said = await context.api.call(
          addExternalKey,
          { params: { username }, body },
          { idempotencyKey: newKey() },
        );
        context.print.result({ message: said }, () => said);
      }),
    );

  account
    .command('list-ssh-keys')
    .description('list the SSH keys of the own account')
    .addHelpText('after', '\nExample: dc account list-ssh-keys')
    .action(
      withContext(async (context) => {
        const { username } = await ownAccount(context);
        const keys = await context.publicApi.call(listExternalKeys, { params: { username } });
        context.print.result(keys, () =>
          table(
            ['Id', 'Type', 'Label', 'Key'],
            keys.map(({ id, keyType, label, keyData }) => [id, keyType, label, `${keyData.slice(0, 60)}…`]),
          ),
        );
      }),
    );
}
