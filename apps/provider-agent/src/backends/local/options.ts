/** Where local machines are, and how many of them. */
export interface LocalBackendOptions {
  readonly folder: string;
  readonly portRangeStart: number;
  readonly portRangeEnd: number;
  readonly maxMachines: number;
  readonly onFault: (error: unknown, what: string) => void;
}
