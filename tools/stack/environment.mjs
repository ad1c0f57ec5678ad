/**
 * What a service reads from its environment that depends on this installation: where things are, and its secrets.
 * The same for `npm start` and for containers.
 * @param {{ name: string, secrets: any, natsUrl: string, credsFile: string, systemCredsFile: string, databaseUrl?: string,
 *   agentNatsUrls?: string }} options `databaseUrl` only for services with a database
 * @returns {Record<string, string>}
 */
export function serviceEnvironment(options) {
  const { name, secrets, natsUrl, credsFile, systemCredsFile, databaseUrl, agentNatsUrls } = options;
  return {
    SERVICE_NAME: name,
    NATS_URL: natsUrl,
    NATS_CREDS_FILE: credsFile,
    SERVICE_KEYS: secrets.serviceKeys[name],
    ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
    ...(name === 'agents'
      ? {
          NATS_OPERATOR_SIGNING_SEED: secrets.operatorSigningSeed,
          NATS_AGENT_USER_SIGNING_SEED: secrets.agentUserSigningSeed,
          NATS_HUB_ACCOUNT: secrets.hubAccountPublic,
          NATS_SYS_CREDS_FILE: systemCredsFile,
          PLATFORM_SIGNING_SEED: secrets.platformSigningSeed,
          ...(agentNatsUrls === undefined ? {} : { AGENT_NATS_URLS: agentNatsUrls }),
        }
      : {}),
  };
}
