import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inboxOf } from '@decent-cloud/messages';
import {
  agentAccountJwt,
  agentUserJwt,
  credsText,
  ed25519OfUserKey,
  type HubUserName,
  hubAccountJwt,
  hubUserJwt,
  type KeyWithSeed,
  natsServerConfig,
  newAccountWithoutSeed,
  newKey,
  operatorJwt,
  publicKeyOf,
  pushAccountJwt,
  signerOf,
  systemAccountJwt,
  systemUserJwt,
  userSeedOfEd25519,
} from '@decent-cloud/nats-auth';
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { encodeUser, type User } from '@nats-io/jwt';
import { connect, jwtAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import { eventually } from './eventually.ts';
import { startTestNats, type TestNats } from './test-nats.ts';

const ALL = { pub: { allow: ['>'] }, sub: { allow: ['>'] } };
const now = () => Math.floor(Date.now() / 1_000);

/** A real server in operator mode, with a hub, and agents as many as asked for. */
export class TestHub {
  private readonly open: NatsConnection[] = [];
  readonly operatorSigning = newKey('operator');
  readonly agentSigning = newKey('account');
  private readonly hubSigning = newKey('account');
  private readonly systemSigning = newKey('account');
  private readonly systemAccount = newKey('account').publicKey;
  readonly hubAccount = newKey('account').publicKey;
  nats!: TestNats;
  system!: NatsConnection;

  static async start(): Promise<TestHub> {
    const hub = new TestHub();
    const { hubAccount, operatorSigning, systemAccount, systemSigning } = hub;
    const operatorSigningSeed = operatorSigning.seed;
    const operator = await operatorJwt({
      operatorSeed: newKey('operator').seed,
      signingKeyPublic: operatorSigning.publicKey,
      systemAccountPublic: systemAccount,
    });
    const preload = {
      [hubAccount]: await hubAccountJwt({
        accountPublicKey: hubAccount,
        operatorSigningSeed,
        userSigningKeyPublic: hub.hubSigning.publicKey,
      }),
      [systemAccount]: await systemAccountJwt({
        accountPublicKey: systemAccount,
        operatorSigningSeed,
        userSigningKeyPublic: systemSigning.publicKey,
      }),
    };
    hub.nats = await startTestNats({
      config: (folder, port, websocketPort) =>
        natsServerConfig({
          serverName: 'test',
          port,
          websocketPort,
          storeDir: `${folder}/js`,
          resolverDir: `${folder}/accounts`,
          operatorJwt: operator,
          systemAccountPublic: systemAccount,
          preload,
        }),
    });
    const { jwt, seed } = await hub.systemUser();
    // A broker that has just begun may hang up on the first who comes.
    hub.system = await eventually(() => hub.connect(jwt, seed), { what: 'the first connection' });
    return hub;
  }

  /** Path of a new creds file of a service, for programs that are started against this hub. */
  async credsFile(name: HubUserName): Promise<string> {
    const { jwt, seed } = await this.hubUser(name);
    return this.writeCreds(name, jwt, seed);
  }

  /** Path of a new creds file with which account JWTs can be pushed. */
  async systemCredsFile(): Promise<string> {
    const { jwt, seed } = await this.systemUser();
    return this.writeCreds('system', jwt, seed);
  }

  async connect(jwt: string, seed: string, options: { inboxPrefix?: string } = {}): Promise<NatsConnection> {
    const connection = await connect({
      servers: this.nats.url,
      authenticator: jwtAuthenticator(jwt, new TextEncoder().encode(seed)),
      reconnect: false,
      timeout: 10_000,
      ...options,
    });
    this.open.push(connection);
    return connection;
  }

  async service(name: HubUserName): Promise<NatsConnection> {
    const { jwt, seed } = await this.hubUser(name);
    return this.connect(jwt, seed, name === 'admin' ? {} : { inboxPrefix: inboxOf(name) });
  }

  /**
   * A user of any account (`hub`, `system`, or an agent's), with the permissions told, or all: for observers and for
   * comparisons.
   */
  async user(
    account: string,
    permissions: Partial<User> = ALL,
    inboxPrefix = '_INBOX',
  ): Promise<NatsConnection> {
    const { publicKey, seed } = newKey('user');
    const [key, signing] =
      account === 'hub'
        ? [this.hubAccount, this.hubSigning]
        : account === 'system'
          ? [this.systemAccount, this.systemSigning]
          : [account, this.agentSigning];
    const jwt = await encodeUser('test', publicKey, key, permissions, { signer: signerOf(signing.seed) });
    return this.connect(jwt, seed, { inboxPrefix });
  }

  /** A new agent: its account is pushed, nothing else exists yet. */
  async agent(): Promise<TestAgent> {
    const agent = new TestAgent(this, newAccountWithoutSeed());
    await pushAccountJwt(this.system, await agentAccountJwt(agent.accountOptions));
    return agent;
  }

  private async hubUser(name: HubUserName): Promise<{ jwt: string; seed: string }> {
    const { publicKey, seed } = newKey('user');
    const jwt = await hubUserJwt({
      name,
      userPublicKey: publicKey,
      accountPublicKey: this.hubAccount,
      userSigningSeed: this.hubSigning.seed,
    });
    return { jwt, seed };
  }

  private async systemUser(): Promise<{ jwt: string; seed: string }> {
    const { publicKey, seed } = newKey('user');
    const jwt = await systemUserJwt({
      userPublicKey: publicKey,
      accountPublicKey: this.systemAccount,
      userSigningSeed: this.systemSigning.seed,
    });
    return { jwt, seed };
  }

  private async writeCreds(name: string, jwt: string, seed: string): Promise<string> {
    const file = join(this.nats.folder, `${name}.creds`);
    await writeFile(file, credsText(jwt, seed), { mode: 0o600 });
    return file;
  }

  async stop(): Promise<void> {
    for (const connection of this.open) await connection.close();
    await this.nats.stop();
  }
}

export class TestAgent {
  readonly rawSeed = crypto.getRandomValues(new Uint8Array(32));
  readonly seed = userSeedOfEd25519(this.rawSeed);
  readonly publicKeyHex = ed25519OfUserKey(publicKeyOf(this.seed));

  constructor(
    private readonly hub: TestHub,
    readonly account: string,
  ) {}

  get accountOptions() {
    return {
      accountPublicKey: this.account,
      hubAccountPublicKey: this.hub.hubAccount,
      operatorSigningSeed: this.hub.operatorSigning.seed,
      userSigningKeyPublic: this.hub.agentSigning.publicKey,
    };
  }

  jwt(
    options: { lifeSeconds?: number; signing?: KeyWithSeed; account?: string; key?: string } = {},
  ): Promise<string> {
    return agentUserJwt({
      accountPublicKey: options.account ?? this.account,
      agentPublicKeyHex: options.key ?? this.publicKeyHex,
      userSigningSeed: (options.signing ?? this.hub.agentSigning).seed,
      expiresAtSeconds: now() + (options.lifeSeconds ?? 3_600),
    });
  }

  async connect(): Promise<NatsConnection> {
    return this.hub.connect(await this.jwt(), this.seed);
  }
}

export async function streamsOf(
  connection: NatsConnection,
): Promise<{ manager: JetStreamManager; js: JetStreamClient }> {
  return { manager: await jetstreamManager(connection), js: jetstream(connection) };
}
