import { startTestNats, type TestNats } from '@decent-cloud/testing';
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, jwtAuthenticator, type NatsConnection } from '@nats-io/transport-node';
import {
  agentAccountJwt,
  agentUserJwt,
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
  systemAccountJwt,
  systemUserJwt,
  userSeedOfEd25519,
} from '../src/index.ts';

const now = () => Math.floor(Date.now() / 1_000);

/** A real server in operator mode, with a hub, and agents as many as asked for. */
export class TestHub {
  private readonly open: NatsConnection[] = [];
  readonly operatorSigning = newKey('operator');
  readonly agentSigning = newKey('account');
  private readonly hubSigning = newKey('account');
  readonly hubAccount = newKey('account').publicKey;
  nats!: TestNats;
  system!: NatsConnection;

  static async start(): Promise<TestHub> {
    const hub = new TestHub();
    const { hubAccount, operatorSigning } = hub;
    const systemAccount = newKey('account').publicKey;
    const systemSigning = newKey('account');
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
    const user = newKey('user');
    const jwt = await systemUserJwt({
      userPublicKey: user.publicKey,
      accountPublicKey: systemAccount,
      userSigningSeed: systemSigning.seed,
    });
    hub.system = await hub.connect(jwt, user.seed);
    return hub;
  }

  async connect(jwt: string, seed: string, options: { inboxPrefix?: string } = {}): Promise<NatsConnection> {
    const connection = await connect({
      servers: this.nats.url,
      authenticator: jwtAuthenticator(jwt, new TextEncoder().encode(seed)),
      reconnect: false,
      timeout: 1_500,
      ...options,
    });
    this.open.push(connection);
    return connection;
  }

  async service(name: HubUserName): Promise<NatsConnection> {
    const user = newKey('user');
    const jwt = await hubUserJwt({
      name,
      userPublicKey: user.publicKey,
      accountPublicKey: this.hubAccount,
      userSigningSeed: this.hubSigning.seed,
    });
    return this.connect(jwt, user.seed);
  }

  /** A new agent: its account is pushed, nothing else exists yet. */
  async agent(): Promise<TestAgent> {
    const agent = new TestAgent(this, newAccountWithoutSeed());
    await pushAccountJwt(this.system, await agentAccountJwt(agent.accountOptions));
    return agent;
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
