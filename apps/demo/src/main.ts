import '@decent-cloud/kernel/needed-node';
import { writeFile } from 'node:fs/promises';
import { ensureAgent, requestAgentProcess } from './agent.ts';
import { nextSteps } from './next-steps.ts';
import { DemoProvider, loadProviderKey } from './provider.ts';
import { readDemoSettings } from './settings.ts';

/** Fills an empty platform with a provider and something to rent. Run again, it adds only what is missing. */
const settings = readDemoSettings(process.env);
if (settings.environment === 'prod') throw new Error('the demo is never started in production');

const provider = new DemoProvider(settings.apiUrl, loadProviderKey(settings.providerKeyFile));
await provider.ensureAccount();
const poolId = await provider.ensurePool();
await ensureAgent(settings, () => provider.newSetupToken(poolId));
await requestAgentProcess(settings);
const offeringId = await provider.ensureOfferings(poolId);
await writeFile(settings.nextStepsFile, nextSteps(settings.publicUrl, offeringId));
