/** What of the agent's configuration depends on where the demo's folder and its platform are. */
export interface AgentPlace {
  readonly apiUrl: string;
  /** Beside the configuration, or below it. */
  readonly keyFile: string;
  readonly dataDir: string;
}

/**
 * The demo agent's configuration for a platform and a folder that may have moved; all else stays as people have set it.
 * @param text the file as it is
 */
export function agentConfigAt(text: string, { apiUrl, keyFile, dataDir }: AgentPlace): string {
  const values = { endpoint: apiUrl, agent_secret_key: keyFile, data_dir: dataDir };
  return Object.entries(values).reduce(
    (config, [name, value]) =>
      config.replace(new RegExp(`^${name} = .*$`, 'm'), () => `${name} = ${JSON.stringify(value)}`),
    text,
  );
}
