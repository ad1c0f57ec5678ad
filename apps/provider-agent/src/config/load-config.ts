import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { parse, TomlDate, TomlError } from 'smol-toml';
import type { z } from 'zod';
import type { BackendDeclaration } from '../backends/declaration.ts';
import { BACKENDS, type BackendType, declarationOf, SECRET_KEYS } from '../backends/registry.ts';
import { ConfigError } from './config-error.ts';
import { environmentOf, PRODUCTION } from './environment.ts';
import { findPlaceholders } from './placeholders.ts';
import { type ConfigFile, configFile } from './schema.ts';
import { isInline, refuseOpenFile, resolveSeed, type SecretContext } from './secrets.ts';

export const DEFAULT_CONFIG = '/etc/dc-agent/dc-agent.toml';
const SYSTEM_DATA = '/var/lib/dc-agent';

export interface Provisioner {
  readonly type: BackendType;
  readonly settings: Readonly<Record<string, unknown>>;
}

export interface AgentConfig {
  readonly file: string;
  readonly api: ConfigFile['api'];
  readonly nats: ConfigFile['nats'];
  readonly environment: string;
  readonly isProduction: boolean;
  readonly maxParallelProvisions: number;
  readonly dataDir: string;
  readonly journalPath: string;
  readonly logFormat: 'json' | 'text';
  readonly provisioner: Provisioner;
  readonly additionalProvisioners: readonly Provisioner[];
  /** Absent in the old mode, with the provider's own key. */
  readonly seedHex: string | undefined;
  readonly keyFile: string | undefined;
  readonly warnings: readonly string[];
}

/** Reads and checks the whole file. @throws ConfigError naming every fault */
export async function loadConfig(path: string, env: NodeJS.ProcessEnv = process.env): Promise<AgentConfig> {
  const file = resolve(path);
  const raw = parseToml(file, await readText(file));
  const placeholders = findPlaceholders(raw);
  const parsed = configFile.safeParse(raw);
  const faults = [...placeholders, ...findDates(raw), ...(parsed.success ? [] : faultsOf(parsed.error))];
  if (!parsed.success) throw new ConfigError(faults);
  const warnings: string[] = [];
  const all = [parsed.data.provisioner, ...parsed.data.additional_provisioners].map((table, index) =>
    readProvisioner(
      table,
      index === 0 ? 'provisioner' : `additional_provisioners[${index - 1}]`,
      warnings,
      faults,
    ),
  );
  if (faults.length > 0) throw new ConfigError(faults);
  if (holdsSecrets(raw)) await refuseOpenFile('configuration', file);
  const { api, agent } = parsed.data;
  const context: SecretContext = { folder: dirname(file), env };
  const seed = api.agent_secret_key
    ? await resolveSeed('api.agent_secret_key', api.agent_secret_key, context)
    : undefined;
  if (!seed)
    warnings.push('provider_secret_key is the old mode: this agent connects with agent_secret_key only');
  if (parsed.data.nats.creds_file)
    warnings.push('nats.creds_file is not used: the agent signs in with its own key');
  const environment = agent.environment ?? environmentOf(api.endpoint);
  const under = (value: string) => (isAbsolute(value) ? value : resolve(dirname(file), value));
  const dataDir = under(agent.data_dir ?? (process.getuid?.() === 0 ? SYSTEM_DATA : 'data'));
  const [provisioner, ...others] = distinct(all, warnings);
  return {
    file,
    api,
    nats: parsed.data.nats,
    environment,
    isProduction: PRODUCTION.includes(environment),
    maxParallelProvisions: agent.max_parallel_provisions,
    dataDir,
    journalPath: agent.journal_path ? under(agent.journal_path) : join(dataDir, 'journal.db'),
    logFormat: agent.log_format,
    provisioner: provisioner as Provisioner,
    additionalProvisioners: others,
    seedHex: seed?.seedHex,
    keyFile: seed?.file,
    warnings,
  };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT' ? 'does not exist: make it with `dc-agent setup token`' : `cannot be read (${code})`;
    throw new ConfigError([`${file} ${why}`], { cause: error });
  }
}

function parseToml(file: string, text: string): Record<string, unknown> {
  try {
    return parse(text, { integersAsBigInt: 'asNeeded' });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw new ConfigError([`${file} line ${error.line}: ${error.message.split('\n')[0]}`], { cause: error });
  }
}

function faultsOf(error: z.ZodError, prefix = ''): string[] {
  return error.issues.flatMap((issue) => {
    const path = [prefix, ...issue.path.map(String)].filter(Boolean).join('.');
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => `unknown key "${key}" in ${path ? `[${path}]` : 'the top level'}`);
    }
    return [`${path}: ${issue.message}`];
  });
}

/** The nested table is preferred; keys that are flat under [provisioner] are taken when there is none. */
function readProvisioner(
  table: ConfigFile['provisioner'],
  path: string,
  warnings: string[],
  faults: string[],
): Provisioner {
  const { type, ...rest } = table;
  const { table: own, flatNames = {} }: BackendDeclaration = BACKENDS[type];
  const nested = rest[type];
  const flat = Object.entries(rest).filter(([name]) => !declarationOf(name));
  if (nested !== undefined && flat.length > 0) {
    warnings.push(
      `[${path}.${type}] counts; the keys beside it (${flat.map(([name]) => name).join(', ')}) do not`,
    );
  }
  const settings =
    nested ?? Object.fromEntries(flat.map(([name, value]) => [flatNames[name] ?? name, value]));
  const parsed = own.safeParse(settings);
  if (!parsed.success)
    faults.push(...faultsOf(parsed.error, nested === undefined ? path : `${path}.${type}`));
  for (const [name, other] of Object.entries(rest)) {
    const checked = name === type ? undefined : declarationOf(name)?.table.safeParse(other);
    if (checked?.error) faults.push(...faultsOf(checked.error, `${path}.${name}`));
  }
  return { type, settings: parsed.success ? parsed.data : {} };
}

/** No setting is a date, and of one that does not exist another day is made by the reader. */
function findDates(value: unknown, path = ''): string[] {
  if (value instanceof TomlDate) return [`${path}: a date is no setting; text is written in quotes`];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    findDates(member, path ? `${path}.${name}` : name),
  );
}

function distinct(all: readonly Provisioner[], warnings: string[]): Provisioner[] {
  const seen = new Set<string>();
  return all.filter(({ type }) => {
    if (seen.has(type)) warnings.push(`a second provisioner of type ${type} is left out`);
    const isNew = !seen.has(type);
    seen.add(type);
    return isNew;
  });
}

const SEEDS = ['agent_secret_key', 'provider_secret_key'];

function holdsSecrets(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).some(([name, member]) => {
    if (typeof member !== 'string') return holdsSecrets(member);
    if (SEEDS.includes(name)) return isInline(member) && /^[0-9a-fA-F]{64}$/.test(member);
    return SECRET_KEYS.has(name) && isInline(member);
  });
}
