import type { ServiceNeeds } from '../backends/declaration.ts';

export const UNIT_NAME = 'dc-agent.service';
/** Tells our own unit from one that somebody else wrote. */
export const UNIT_MARK = '# Written by `dc-agent install-service`; it is written anew by the next one.';

/** Settings of the host's operator, such as `HTTPS_PROXY`: systemd reads them as root. */
export const ENVIRONMENT_FILE = '/etc/default/dc-agent';

export interface ServiceFacts {
  /** What is run, before its own arguments. */
  readonly program: readonly string[];
  readonly configFile: string;
  /** Absent: root. */
  readonly user: string | undefined;
  /** Of the backend. */
  readonly needs: ServiceNeeds;
  /** Folders that the agent writes to. */
  readonly writes: readonly string[];
  /** Files that it has to read. */
  readonly reads: readonly string[];
}

/** Where systemd itself makes the folder, with the right owner. */
const STATE_FOLDER = '/var/lib/dc-agent';
const isIn = (folders: readonly string[]) => (path: string) =>
  folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
/** Systemd makes the folder when the service starts. */
export const isStateFolder = isIn([STATE_FOLDER]);
const HOMES = ['/home', '/root', '/run/user'];
const SHARED_TEMPORARY = ['/tmp', '/var/tmp'];

/** The unit of an agent: as little of the host as its backend can do with. @throws RangeError when a path cannot stand in a unit */
export function unitText(facts: ServiceFacts): string {
  const { program, configFile, user } = facts;
  const { after = [], groups = [], sees = [], programsStay = false } = facts.needs;
  const writes = [...new Set(facts.writes)].sort();
  const paths = [...program, configFile, ...writes, ...facts.reads];
  const usesTemporary = [...paths, ...sees].some(isIn(SHARED_TEMPORARY));
  const sections: Record<string, string[]> = {
    Unit: [
      'Description=Decent Cloud provider agent',
      'Wants=network-online.target',
      `After=${['network-online.target', ...after].join(' ')}`,
      'StartLimitIntervalSec=0',
    ],
    Service: [
      'Type=simple',
      `ExecStart=${[...program, '--config', configFile, 'run'].map(argument).join(' ')}`,
      'Restart=always',
      'RestartSec=10',
      'Environment=RUST_LOG=info',
      `EnvironmentFile=-${ENVIRONMENT_FILE}`,
      '# What has begun is brought to a safe point, what has not is given back: that takes seconds.',
      `KillMode=${programsStay ? 'process' : 'mixed'}`,
      'TimeoutStopSec=30',
      ...(user === undefined ? [] : [`User=${user}`]),
      ...(user === undefined
        ? []
        : groups.flatMap(({ name, why }) => [`# ${why}`, `SupplementaryGroups=${name}`])),
      ...(writes.some(isStateFolder) ? ['StateDirectory=dc-agent', 'StateDirectoryMode=0700'] : []),
      'UMask=0077',
      'NoNewPrivileges=true',
      'CapabilityBoundingSet=',
      'AmbientCapabilities=',
      'ProtectSystem=strict',
      `ReadWritePaths=${writes.map((path) => quoted(`-${path}`)).join(' ')}`,
      `ProtectHome=${paths.some(isIn(HOMES)) ? 'read-only' : 'true'}`,
      ...(usesTemporary ? [] : ['PrivateTmp=true']),
      'PrivateDevices=true',
      'ProtectKernelTunables=true',
      'ProtectKernelModules=true',
      'ProtectKernelLogs=true',
      'ProtectControlGroups=true',
      'ProtectClock=true',
      'ProtectHostname=true',
      'RestrictNamespaces=true',
      'RestrictRealtime=true',
      'RestrictSUIDSGID=true',
      'LockPersonality=true',
      'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
      'SystemCallArchitectures=native',
      'SystemCallFilter=@system-service',
      '# Not MemoryDenyWriteExecute: Node compiles while it runs.',
    ],
    Install: ['WantedBy=multi-user.target'],
  };
  const text = Object.entries(sections).map(([name, lines]) => `[${name}]\n${lines.join('\n')}\n`);
  return `${UNIT_MARK}\n\n${text.join('\n')}`;
}

/** A path of a unit, in which no specifier and no space counts. */
function quoted(path: string): string {
  if (/\p{Cc}/u.test(path)) throw new RangeError(`"${path}" cannot stand in a unit`);
  const escaped = path.replaceAll('%', '%%');
  return /^[\w@%+=:,./$-]+$/.test(escaped) ? escaped : `"${escaped.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** A word of a command line, in which `$` names no variable either. */
const argument = (word: string): string => quoted(word).replaceAll('$', () => '$$');
