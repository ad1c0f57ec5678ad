import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { ApiError, createClient } from '@decent-cloud/client';
import { createSigner } from '@decent-cloud/identity';
import { setUpAgent } from '@decent-cloud/messages/agents';
import { BACKEND_TYPES, declarationOf, takesPorts, typesWithPorts } from '../backends/registry.ts';
import { environmentOf, PRODUCTION } from '../config/environment.ts';
import { exists, loadOrCreateKeys, writeConfig } from '../config/write-config.ts';
import { confirm } from './confirm.ts';
import { CommandError, EXIT } from './exit-codes.ts';
import { installService, refuseWithoutSystemd } from './install-service.ts';

export interface SetupTokenOptions {
  readonly token: string;
  readonly apiUrl: string;
  readonly output: string;
  readonly force?: boolean;
  readonly nonInteractive?: boolean;
  readonly provisioner?: string;
  readonly dataDir?: string;
  readonly portRange?: string;
  readonly keyFile?: string;
  readonly installService?: 'true' | 'false';
}

const TIMEOUT_MS = 30_000;
const HIGHEST_PORT = 65_535;

/** Joins a pool and writes the configuration. Everything that can be wrong here is looked at before the token is spent. */
export async function setupToken(options: SetupTokenOptions): Promise<void> {
  const output = resolve(options.output);
  const endpoint = readEndpoint(options.apiUrl);
  if (options.installService === 'true') await refuseWithoutSystemd('--install-service');
  if (options.provisioner) mustBeUsable(options.provisioner, endpoint);
  const portRange = readPortRange(options);
  if (!options.force && (await exists(output)) && !(await mayOverwrite(output, options))) {
    throw new CommandError(EXIT.usage, `${output} exists: --force overwrites it`);
  }
  const keyFile = resolve(options.keyFile ?? join(homedir(), '.dc-agent', 'agent.key'));
  const keys = await loadOrCreateKeys(keyFile);
  const signer = createSigner(keys, { agent: true });
  const client = createClient({ baseUrl: endpoint, signer, timeoutMs: TIMEOUT_MS });
  const joined = await joinPool(() =>
    client.call(setUpAgent, { body: { token: options.token, agentPubkey: keys.publicKeyHex } }),
  );
  const provisioner = options.provisioner ?? joined.provisionerType;
  const { worksAsItIs } = declarationOf(provisioner) ?? {};
  const ports = takesPorts(provisioner) ? portRange : undefined;
  await writeConfig(output, {
    endpoint,
    providerPublicKey: joined.providerPubkey,
    keyFile,
    poolId: joined.poolId,
    platformPublicKey: joined.platformPublicKey,
    provisioner,
    settings: ports ?? (worksAsItIs === undefined ? undefined : {}),
    dataDir: options.dataDir === undefined ? undefined : resolve(options.dataDir),
  });
  console.log(
    `This agent (${keys.publicKeyHex}) is in the pool "${joined.poolName}" (${joined.poolLocation}).`,
  );
  console.log(`Its configuration is ${output}, its key ${keyFile}.`);
  if (portRange && !ports)
    console.log(`--port-range is not used: machines of the type ${provisioner} take no ports of this host.`);
  console.log(worksAsItIs ?? `Fill in [provisioner.${provisioner}] of the configuration.`);
  if (options.installService === 'true') await installService(output, {});
  else console.log(`Next: dc-agent --config ${output} doctor, then dc-agent --config ${output} run`);
}

function readEndpoint(text: string): string {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol))
    throw new CommandError(EXIT.usage, `"${text}" is no URL of an API`);
  return text.replace(/\/+$/, '').replace(/\/api\/v1$/, '');
}

function mustBeUsable(type: string, endpoint: string): void {
  const declaration = declarationOf(type);
  if (!declaration) {
    throw new CommandError(EXIT.usage, `--provisioner must be one of: ${BACKEND_TYPES.join(', ')}`);
  }
  if (declaration.notInProduction !== undefined && PRODUCTION.includes(environmentOf(endpoint))) {
    throw new CommandError(
      EXIT.usage,
      `${type} machines are for trying out: not with the production API ${endpoint}`,
    );
  }
}

type PortRange = Readonly<Record<'port_range_start' | 'port_range_end', number>>;

function readPortRange({ portRange, provisioner }: SetupTokenOptions): PortRange | undefined {
  if (portRange === undefined) return undefined;
  if (provisioner !== undefined && !takesPorts(provisioner)) {
    throw new CommandError(EXIT.usage, `--port-range goes with --provisioner ${typesWithPorts('or')}`);
  }
  const [, first, last] = /^(\d{1,5})-(\d{1,5})$/.exec(portRange)?.map(Number) ?? [];
  if (!first || !last || first > last || last > HIGHEST_PORT) {
    throw new CommandError(
      EXIT.usage,
      `--port-range "${portRange}": give the first and the last port, such as 23000-23999`,
    );
  }
  return { port_range_start: first, port_range_end: last };
}

async function mayOverwrite(file: string, options: SetupTokenOptions): Promise<boolean> {
  return !options.nonInteractive && (await confirm(`${file} exists. Overwrite it?`));
}

/** A token that is not taken is a matter of authorisation, whatever status says so. */
async function joinPool<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.reason === 'SETUP_TOKEN_INVALID' || /setup token/i.test(error.message)) {
      throw new CommandError(EXIT.authentication, error.message, { cause: error });
    }
    throw error;
  }
}
