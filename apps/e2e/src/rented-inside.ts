import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@decent-cloud/testing';
import { runProgram } from './dc.ts';
import { signsIn } from './password-login.ts';
import type { Tenant } from './tenant.ts';

/** What was seen of a machine that somebody rents, changes from inside, and gives back. */
export interface Seen {
  readonly scriptLog: string;
  readonly firstKeyBefore: boolean;
  readonly firstKeyAfter: boolean;
  readonly newKeyBefore: boolean;
  readonly newKeyAfter: boolean;
  readonly keyOfContract: string;
  readonly newKey: string;
  readonly credentials: Record<string, unknown>;
  readonly passwordBefore: boolean;
  readonly passwordAfter: boolean;
  readonly events: readonly string[];
  readonly steps: readonly string[];
}

const WAIT_SECONDS = '240';

/** Goes through all of it with the command line and ssh, as a person would. */
export async function changeFromInside(tenant: Tenant, offeringId: bigint): Promise<Seen> {
  const { dc } = tenant;
  const steps: string[] = [];
  const tell = async (...args: string[]) => {
    const outcome = await dc.run(['--timeout', WAIT_SECONDS, ...args]);
    steps.push(`$ dc ${args.join(' ')}\n${outcome.stdout}${outcome.stderr}(exit code ${outcome.code})`);
    if (outcome.code !== 0) throw new Error(steps.join('\n'));
  };
  const id = await tenant.rent(offeringId, 1, ['--wait', '--timeout', WAIT_SECONDS]);
  await tell('contract', 'get', id);
  const address = await tenant.address(id);
  const first = tenant.keyFile;
  const next = await newKeyOf(tenant);
  const lets = async (keyFile: string) => {
    const outcome = await tenant.ssh(address, 'id -un; uname -s', '', keyFile);
    steps.push(`$ ssh -i ${keyFile} -p ${address.port} ${address.user}@${address.host} 'id -un; uname -s'
${outcome.stdout}${outcome.stderr}(exit code ${outcome.code})`);
    return outcome.code === 0;
  };
  const firstKeyBefore = await lets(first);
  const newKeyBefore = await lets(next);
  await tell('contract', 'script-log', id);
  const { log: scriptLog } = await dc.json(['contract', 'script-log', id]);

  await tell('contract', 'rotate-ssh-key', id, '--ssh-pubkey', `${next}.pub`, '--wait');
  const firstKeyAfter = await lets(first);
  const newKeyAfter = await lets(next);
  const keyOfContract = (await tenant.contract(id)).requester_ssh_pubkey;

  const sealedBefore = (await dc.json(['contract', 'credentials', id])).credentials;
  const passwordBefore = await signsIn(address, String(sealedBefore.password ?? 'none'));
  await tell('contract', 'reset-password', id, '--wait');
  const credentials = (await dc.json(['contract', 'credentials', id])).credentials;
  const passwordAfter = await signsIn(address, String(credentials.password));
  steps.push(
    `sign-in by password: ${passwordBefore} before the reset, ${passwordAfter} with the opened credentials (${Object.keys(credentials).join(', ')})`,
  );

  await tell('contract', 'cancel', id);
  await eventually(async () => (await tenant.ssh(address, 'true', '', next)).code === 255, {
    deadlineMs: 90_000,
    everyMs: 500,
    what: 'the machine being gone',
  });
  await eventually(async () => (await tenant.contract(id)).payment_status === 'refunded', {
    deadlineMs: 60_000,
    everyMs: 500,
  });
  steps.push(`sign-in after the end: refused, ${address.host}:${address.port} answers no more`);
  await tell('contract', 'events', id);
  const events = (await dc.json(['contract', 'events', id])).map(
    ({ eventType, newStatus }: { eventType: string; newStatus?: string }) => newStatus ?? eventType,
  );
  return {
    scriptLog,
    firstKeyBefore,
    firstKeyAfter,
    newKeyBefore,
    newKeyAfter,
    keyOfContract,
    newKey: (await readFile(`${next}.pub`, 'utf8')).trim(),
    credentials,
    passwordBefore,
    passwordAfter,
    events,
    steps,
  };
}

async function newKeyOf(tenant: Tenant): Promise<string> {
  const file = join(tenant.home, '.ssh/id_new');
  const made = await runProgram(
    'ssh-keygen',
    ['-q', '-t', 'ed25519', '-N', '', '-C', `${tenant.name}-new`, '-f', file],
    { PATH: process.env.PATH },
  );
  if (made.code !== 0) throw new Error(made.stderr);
  return file;
}
