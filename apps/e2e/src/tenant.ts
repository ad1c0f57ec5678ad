import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Client, createClient } from '@decent-cloud/client';
import { createSigner, type KeyPair, keyPairFromSeed } from '@decent-cloud/identity';
import { Dc, type Outcome, runProgram } from './dc.ts';

const run = promisify(execFile);

/** Where a machine can be reached. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly hostKey: string;
}

/** Somebody with a home directory, the command line and an SSH key. */
export class Tenant {
  private constructor(
    readonly name: string,
    readonly home: string,
    private readonly apiUrl: string,
    readonly dc: Dc,
  ) {}

  /** With an identity, an account and so much USD in the wallet. */
  static async create(apiUrl: string, name: string, amountUsd: number): Promise<Tenant> {
    const home = await mkdtemp(join(tmpdir(), `dc-${name}-`));
    await mkdir(join(home, '.ssh'), { mode: 0o700 });
    await run('ssh-keygen', [
      '-q',
      '-t',
      'ed25519',
      '-N',
      '',
      '-C',
      name,
      '-f',
      join(home, '.ssh/id_ed25519'),
    ]);
    const tenant = new Tenant(name, home, apiUrl, new Dc(apiUrl, home));
    await tenant.dc.json(['identity', 'generate', '--name', 'me']);
    const email = `${name}@example.com`;
    await tenant.dc.json(['account', 'create', '--username', name, '--email', email]);
    if (amountUsd > 0)
      await tenant.dc.json(['wallet', 'topup', '--amount', String(amountUsd), '--method', 'test']);
    return tenant;
  }

  async keyPair(): Promise<KeyPair> {
    const file = await readFile(join(this.home, '.dc-test-keys/me.json'), 'utf8');
    return keyPairFromSeed((JSON.parse(file) as { secret_key_hex: string }).secret_key_hex);
  }

  /** The API without the command line in between, for what has to happen at the same time. */
  async api(): Promise<Client> {
    return createClient({ baseUrl: this.apiUrl, signer: createSigner(await this.keyPair()) });
  }

  get keyFile(): string {
    return join(this.home, '.ssh/id_ed25519');
  }

  sshPublicKey(): Promise<string> {
    return readFile(`${this.keyFile}.pub`, 'utf8');
  }

  async balanceE9s(): Promise<bigint> {
    const wallet = await this.dc.json(['wallet', 'show']);
    return BigInt(wallet.balanceE9s ?? 0);
  }

  /** Rents and gives the contract's id at once. */
  async rent(offeringId: bigint, durationHours = 1, more: readonly string[] = []): Promise<string> {
    const created = await this.dc.json([
      'contract',
      'create',
      ...['--offering-id', String(offeringId), '--duration-hours', String(durationHours), ...more],
    ]);
    return created.contractId;
  }

  // biome-ignore lint/suspicious/noExplicitAny: the contract as the API gives it
  contract(id: string): Promise<any> {
    return this.dc.json(['contract', 'get', id]);
  }

  async address(id: string): Promise<Address> {
    const details = JSON.parse((await this.contract(id)).provisioning_instance_details);
    return {
      host: details.public_ip ?? details.ip_address,
      port: details.ssh_port,
      user: details.ssh_user,
      hostKey: details.ssh_host_key,
    };
  }

  /** The system's own `ssh`, with this person's key, or another one. */
  async ssh(address: Address, command: string, input = '', keyFile = this.keyFile): Promise<Outcome> {
    const options = [
      ...['-i', keyFile, '-p', String(address.port)],
      ...['BatchMode=yes', 'IdentitiesOnly=yes', 'ConnectTimeout=5', 'StrictHostKeyChecking=no'].flatMap(
        (option) => ['-o', option],
      ),
      ...['-o', `UserKnownHostsFile=${join(this.home, 'known_hosts')}`, '-F', 'none'],
    ];
    const env = { PATH: process.env.PATH, HOME: this.home };
    return runProgram('ssh', [...options, `${address.user}@${address.host}`, command], env, input);
  }

  /** Pastes a line of a mail into a shell, with a command behind it. To ssh `~` is the home of the system's user. */
  paste(line: string, command: string): Promise<Outcome> {
    const own = line
      .replaceAll('~/.ssh', join(this.home, '.ssh'))
      .replace('&& ssh ', `&& ssh -F none -i ${this.keyFile} `);
    return runProgram('/bin/sh', ['-c', `${own} ${command}`], { PATH: process.env.PATH, HOME: this.home });
  }

  /** What the command prints in the contract's machine. @throws with what `ssh` said when it does not succeed */
  async runInMachine(contractId: string, command: string): Promise<string> {
    const address = await this.address(contractId);
    const { code, stdout, stderr } = await this.ssh(address, command);
    if (code === 0) return stdout;
    throw new Error(`ssh to port ${address.port} for ${contractId}: exit ${code}; ${stderr}`);
  }

  async leave(): Promise<void> {
    await rm(this.home, { recursive: true, force: true });
  }
}
