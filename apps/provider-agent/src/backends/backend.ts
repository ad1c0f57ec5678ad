import type { FailureClass, FailureCode } from '@decent-cloud/messages/words';
import type { FoundMachine, MachineInstance, MachineMarks, MachineSpec } from '../domain/machine.ts';

export interface ProvisionedMachine {
  readonly instance: MachineInstance;
  /** What the tenant needs to get in; sealed before it goes anywhere. */
  readonly credential: Readonly<Record<string, string | number>>;
  /** Of the command's script, when it was run by this call. */
  readonly script?: ScriptResult;
}

export interface ScriptResult {
  readonly success: boolean;
  /** -1: ended from outside. */
  readonly exitCode: number;
  /** The last 256 KiB. */
  readonly log: string;
}

export interface ProvisionOptions {
  readonly spec: MachineSpec;
  readonly marks: MachineMarks;
  readonly signal: AbortSignal;
  readonly onStep: (step: string) => void;
  /** Ports of the host that contracts which live are reached at, whether their machines are there or not. */
  readonly ports?: { readonly own?: number | undefined; readonly others: ReadonlySet<number> };
}

export interface VerifyFinding {
  readonly id: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly fix?: string;
}

/** What the whole host has, and so the largest machine on it. */
export interface HostSize {
  readonly cpuCores: number;
  readonly memoryTotalMb: number;
}

/** One way of making machines. Every method may be repeated after a crash at any point of it. */
export interface Backend {
  readonly type: string;
  /** Looks whether machines could be made, and changes nothing. */
  verify(): Promise<VerifyFinding[]>;
  /** Brings back into service what a restart of the agent has interrupted. */
  start(): Promise<void>;
  /** Lets go of everything without touching machines. */
  close(): Promise<void>;
  /** Creates the contract's machine, or finds it and puts the newer marks and keys on it. @throws BackendError */
  provision(options: ProvisionOptions): Promise<ProvisionedMachine>;
  /** Returns when the machine is confirmed gone; a machine that is not there is gone. @throws BackendError */
  terminate(externalId: string): Promise<void>;
  /** Keeps the machine, out of service. @throws BackendError */
  stop(externalId: string): Promise<void>;
  /** @throws BackendError */
  resume(externalId: string): Promise<void>;
  find(contractId: string): Promise<FoundMachine | undefined>;
  /** All machines, stopped ones as well. */
  list(): Promise<FoundMachine[]>;
  /** What this program has made at the same place and is not in `list`: for people only. Absent: the place is the agent's alone. */
  listOthers?(): Promise<FoundMachine[]>;
  /** How many machines there can be at once. */
  capacity(): Promise<number>;
  /** Absent: a machine of this kind may be said to be of any size. @throws BackendError */
  hostSize?(): Promise<HostSize>;
  /** How a machine that runs is reached: the same as when it was made. @throws BackendError */
  describe(externalId: string): Promise<ProvisionedMachine>;
  /** Lets exactly these keys in from now on. Absent: this kind of machine cannot. @throws BackendError */
  setAuthorizedKeys?(externalId: string, sshPublicKeys: readonly string[]): Promise<void>;
  /** Gives the login user this password. Absent: this kind of machine cannot. @throws BackendError */
  setPassword?(externalId: string, password: string): Promise<void>;
}

export interface LeftResource {
  readonly kind: string;
  readonly id: string;
}

export interface BackendFailure {
  readonly class: FailureClass;
  readonly code: FailureCode;
  readonly message: string;
  readonly resourcesLeft?: readonly LeftResource[];
}

/** A machine that could not be made, changed or removed, and what is to be thought of that. */
export class BackendError extends Error {
  override readonly name = 'BackendError';
  readonly failure: BackendFailure;

  constructor(failure: BackendFailure, options?: ErrorOptions) {
    super(failure.message, options);
    this.failure = failure;
  }
}
