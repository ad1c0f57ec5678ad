import { join } from 'node:path';
import { z } from 'zod';

const schema = z.object({
  API_URL: z.url(),
  /** Where the demo keeps the provider's key and the agent's configuration. */
  DEMO_FOLDER: z.string().min(1),
  /** The agent is a program of its own: it is started, never imported. */
  AGENT_PROGRAM: z.string().min(1),
  ENVIRONMENT: z.enum(['dev', 'test', 'prod']).default('dev'),
  /** Ports of its agent's machines, for a second platform on the same host: `23000-23999`. */
  DC_MACHINE_PORTS: z.string().optional(),
  /** What people type before the commands of the command line, when the API is not where `dc` looks by itself. */
  PUBLIC_URL: z.url(),
});

export interface DemoSettings {
  readonly apiUrl: string;
  readonly publicUrl: string;
  readonly environment: string;
  readonly providerKeyFile: string;
  readonly machinePorts: string | undefined;
  readonly agentProgram: string;
  readonly agentFolder: string;
  readonly agentConfigFile: string;
  readonly processesFile: string;
  readonly nextStepsFile: string;
}

/** @throws Error naming what is missing in the environment */
export function readDemoSettings(env: NodeJS.ProcessEnv): DemoSettings {
  const read = schema.parse(env);
  const agentFolder = join(read.DEMO_FOLDER, 'agent');
  return {
    apiUrl: read.API_URL,
    publicUrl: read.PUBLIC_URL,
    environment: read.ENVIRONMENT,
    providerKeyFile: join(read.DEMO_FOLDER, 'provider.key'),
    machinePorts: read.DC_MACHINE_PORTS,
    agentProgram: read.AGENT_PROGRAM,
    agentFolder,
    agentConfigFile: join(agentFolder, 'dc-agent.toml'),
    processesFile: join(read.DEMO_FOLDER, 'processes.json'),
    nextStepsFile: join(read.DEMO_FOLDER, 'next-steps.txt'),
  };
}
