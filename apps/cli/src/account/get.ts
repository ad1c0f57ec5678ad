import { findAccount, getAccount } from '@decent-cloud/messages/accounts';
import type { Command } from 'commander';
import type { Session } from '../session.ts';
import { type Run, verb } from '../verb.ts';
import { describeAccount } from './describe-account.ts';

export function addGet(parent: Command, run: Run): void {
  verb(parent, run, {
    name: 'get [username]',
    summary: 'show an account; without a name that of the identity',
    example: 'account get --identity alice',
    async run(session, _options, [username]) {
      const account = username
        ? await session.call(getAccount, { params: { username } })
        : await ownAccount(session);
      return { json: account, text: describeAccount(account) };
    },
  });
}

/** The account of the identity that acts. */
export async function ownAccount(session: Session) {
  const client = await session.client();
  const query = { publicKey: await session.publicKey() };
  return await client.call(findAccount, { query }, { sign: true, signal: session.outside.signal });
}
