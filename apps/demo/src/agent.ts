import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { agentConfigAt } from './agent-config.ts';
import { DEMO_BACKEND } from './demo-offerings.ts';
import type { DemoSettings } from './settings.ts';

const run = promisify(execFile);
const SETUP_TIMEOUT_MS = 60_000;
/** In the agent's folder, beside its configuration. */
const KEY_FILE = 'agent.key';
const DATA_DIR = 'data';

/** Sets the demo's agent up as a provider would, with a setup token; once. */
export async function ensureAgent(
  settings: DemoSettings,
  newSetupToken: () => Promise<string>,
): Promise<void> {
  if (existsSync(settings.agentConfigFile)) return followMove(settings);
  await mkdir(settings.agentFolder, { recursive: true, mode: 0o700 });
  const token = await newSetupToken();
  await run(
    process.execPath,
    [
      settings.agentProgram,
      'setup',
      'token',
      ...['--token', token, '--api-url', settings.apiUrl, '--output', settings.agentConfigFile],
      ...['--provisioner', DEMO_BACKEND, '--data-dir', join(settings.agentFolder, DATA_DIR)],
      ...(settings.machinePorts ? ['--port-range', settings.machinePorts] : []),
      ...['--key-file', join(settings.agentFolder, KEY_FILE), '--non-interactive'],
    ],
    { timeout: SETUP_TIMEOUT_MS },
  );
}

/** The data may have been moved since, or the platform to another port. */
async function followMove({ agentConfigFile, apiUrl }: DemoSettings): Promise<void> {
  const before = await readFile(agentConfigFile, 'utf8');
  const after = agentConfigAt(before, { apiUrl, keyFile: KEY_FILE, dataDir: DATA_DIR });
  if (after === before) return;
  await writeFile(`${agentConfigFile}.new`, after, { mode: 0o600 });
  await rename(`${agentConfigFile}.new`, agentConfigFile);
}

/** Tells whoever started the demo to keep the agent running. */
export async function requestAgentProcess(settings: DemoSettings): Promise<void> {
  const processes = [
    {
      name: 'demo-agent',
      script: settings.agentProgram,
      args: ['--config', settings.agentConfigFile, 'run'],
    },
  ];
  await writeFile(settings.processesFile, `${JSON.stringify(processes, null, 2)}\n`);
}
