export interface DockerBackendOptions {
  readonly socketPath: string;
  readonly network: string;
  readonly defaultImage: string;
  /** Whether an image that is not here is fetched. */
  readonly pullImages: boolean;
  /** Where sshd listens inside. */
  readonly sshPort: number;
  /** The address of this host on which machines are published. */
  readonly publishAddress: string;
  /** What tenants are told to connect to. */
  readonly publicAddress: string;
  readonly portRangeStart: number;
  readonly portRangeEnd: number;
  readonly maxMachines: number;
  readonly pidsLimit: number;
  readonly scriptSeconds: number;
  /** Whose machines list() tells of. */
  readonly environment: string;
  readonly agent: string;
}
