export interface NatsServerConfigOptions {
  readonly serverName: string;
  readonly host?: string;
  readonly port: number;
  /** Agents behind proxies come in here; without TLS only on loopback or behind a proxy that adds it. */
  readonly websocketPort?: number;
  readonly websocketHost?: string;
  /** Loopback only; absent turns the page off. */
  readonly monitoringPort?: number;
  /** Folder of the streams. */
  readonly storeDir: string;
  /** Folder of account JWTs. */
  readonly resolverDir: string;
  readonly operatorJwt: string;
  readonly systemAccountPublic: string;
  /** Account public key to JWT: known from the first moment. */
  readonly preload: Readonly<Record<string, string>>;
  readonly maxMemoryBytes?: number;
  readonly maxFileBytes?: number;
}

/** The text of a nats-server configuration in operator mode, with every write flushed before its acknowledgement. */
export function natsServerConfig(options: NatsServerConfigOptions): string {
  const host = options.host ?? '127.0.0.1';
  const lines = [
    `server_name: ${quote(options.serverName)}`,
    `listen: ${quote(`${host}:${options.port}`)}`,
    ...(options.monitoringPort === undefined ? [] : [`http: "127.0.0.1:${options.monitoringPort}"`]),
    // A user's JWT travels in one CONNECT line and names all that the user may do; the default of 4 KiB is too short.
    'max_control_line: 32KB',
    // On a busy machine signing in may take longer than the default of 2 s.
    'authorization { timeout: 10 }',
    'max_payload: 2MB',
    'max_pending: 64MB',
    'write_deadline: "10s"',
    'ping_interval: "20s"',
    'lame_duck_duration: "30s"',
    'lame_duck_grace_period: "5s"',
    'jetstream {',
    `  store_dir: ${quote(options.storeDir)}`,
    '  sync_interval: always',
    `  max_memory_store: ${options.maxMemoryBytes ?? 256 * 1024 ** 2}`,
    `  max_file_store: ${options.maxFileBytes ?? 32 * 1024 ** 3}`,
    '}',
    ...(options.websocketPort === undefined
      ? []
      : [
          'websocket {',
          `  listen: ${quote(`${options.websocketHost ?? host}:${options.websocketPort}`)}`,
          '  no_tls: true',
          '  compression: true',
          '}',
        ]),
    `operator: ${options.operatorJwt}`,
    `system_account: ${options.systemAccountPublic}`,
    'resolver {',
    '  type: full',
    `  dir: ${quote(options.resolverDir)}`,
    '  allow_delete: false',
    '  interval: "2m"',
    '}',
    'resolver_preload {',
    ...Object.entries(options.preload).map(([account, jwt]) => `  ${account}: ${jwt}`),
    '}',
  ];
  return `${lines.join('\n')}\n`;
}

function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
