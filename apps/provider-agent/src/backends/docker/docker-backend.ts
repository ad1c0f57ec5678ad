import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerInspectInfo } from 'dockerode';
import { mayTouch } from '../../domain/decide.ts';
import type { FoundMachine } from '../../domain/machine.ts';
import { machineName } from '../../domain/machine.ts';
import {
  type Backend,
  BackendError,
  type HostSize,
  type ProvisionedMachine,
  type ProvisionOptions,
  type VerifyFinding,
} from '../backend.ts';
import { fingerprintOf } from '../host-key.ts';
import { mustHaveUsableKeys } from './authorized-keys.ts';
import { ContainerMaker, findContainer, usedPorts } from './container-maker.ts';
import { imageFor } from './container-plan.ts';
import { Engine } from './engine.ts';
import type { EngineError } from './engine-error.ts';
import { hostSizeOf, mustFitHost } from './host-size.ts';
import { ensureImage } from './images.ts';
import { runScriptOnce, writeAuthorizedKeys, writeRootPassword } from './inside.ts';
import { foundMachine, isTouchable, machinesAmong, marksOf, OURS, ofContract, portOf } from './labels.ts';
import { Ports } from './ports.ts';
import { waitForSsh } from './ready.ts';
import type { DockerBackendOptions } from './settings.ts';
import { mayLimitDisk, verifyEngine } from './verify.ts';

const LOGIN_USER = 'root';
const STOP_GRACE_SECONDS = 30;
const END_GRACE_SECONDS = 10;
const GONE_MS = 60_000;

/** A container with sshd for each contract, made and kept by a Docker engine of this host. */
export class DockerBackend implements Backend {
  readonly type = 'docker';
  private readonly options: DockerBackendOptions;
  private readonly engine: Engine;
  private readonly ports: Ports;
  private readonly maker: ContainerMaker;

  constructor(options: DockerBackendOptions) {
    this.options = options;
    this.engine = Engine.at(options.socketPath);
    this.ports = new Ports({
      address: options.publishAddress,
      start: options.portRangeStart,
      end: options.portRangeEnd,
    });
    this.maker = new ContainerMaker({
      options,
      ports: this.ports,
      list: () => this.list(),
      remove: (id) => this.terminate(id),
    });
  }

  verify(): Promise<VerifyFinding[]> {
    return verifyEngine(this.engine, this.options, async () =>
      this.ports.giveBack(await this.ports.take(await usedPorts(this.engine))),
    );
  }

  /** The engine itself brings machines back after its own restart and the host's. */
  async start(): Promise<void> {
    await this.engine.ping();
  }

  async close(): Promise<void> {
    // Nothing is held: every call is a connection of its own.
  }

  async provision(order: ProvisionOptions): Promise<ProvisionedMachine> {
    const { spec, marks, signal, onStep } = order;
    const engine = this.engine.until(signal);
    const keyLines = mustHaveUsableKeys(spec.sshPublicKeys);
    const image = imageFor(spec, this.options.defaultImage);
    onStep('find');
    const known = await findContainer(engine, marks.contractId);
    let id = known && (await this.takeOver(engine, known, order, keyLines));
    if (!id) {
      const info = await engine.info();
      mustFitHost(spec, hostSizeOf(info));
      onStep('image');
      await ensureImage(engine, image, this.options.pullImages);
      const limitsDisk = mayLimitDisk(info);
      onStep('create');
      const plan = { spec, marks, keyLines, image, limitsDisk };
      id = await this.maker.makeStarted(engine, plan, order.ports);
    }
    onStep('ssh');
    const container = await this.mustRead(engine, id);
    const sshHostKey = await this.waitForSsh(engine, container);
    const script = spec.postProvisionScript;
    const result = script ? await this.runScript(engine, id, order, script) : undefined;
    return { ...this.described(container, sshHostKey), ...(result && { script: result }) };
  }

  async terminate(externalId: string): Promise<void> {
    const container = await this.engine.container(externalId);
    if (!container) return;
    this.mustBeOurs(container);
    if (container.State.Running) await this.engine.stop(externalId, END_GRACE_SECONDS).catch(ifGone);
    await this.engine.remove(externalId);
    const giveUpAt = performance.now() + GONE_MS;
    while (await this.engine.container(externalId)) {
      if (performance.now() > giveUpAt) {
        throw new BackendError({
          class: 'transient',
          code: 'STILL_THERE',
          message: 'the container is still there',
          resourcesLeft: [{ kind: 'docker-container', id: externalId }],
        });
      }
      await sleep(200);
    }
  }

  async stop(externalId: string): Promise<void> {
    this.mustBeOurs(await this.mustRead(this.engine, externalId));
    await this.engine.stop(externalId, STOP_GRACE_SECONDS);
  }

  async resume(externalId: string): Promise<void> {
    const container = await this.mustRead(this.engine, externalId);
    this.mustBeOurs(container);
    if (container.State.Paused) await this.engine.unpause(externalId);
    else await this.engine.start(externalId);
    await this.waitForSsh(this.engine, container);
  }

  async find(contractId: string): Promise<FoundMachine | undefined> {
    const [container] = await this.engine.list(ofContract(contractId));
    return container && foundMachine(container);
  }

  /** Those of this agent, and those of old versions that do not say whose they are. */
  async list(): Promise<FoundMachine[]> {
    return machinesAmong(await this.engine.list([OURS]), this.options).ours;
  }

  async listOthers(): Promise<FoundMachine[]> {
    return machinesAmong(await this.engine.list([OURS]), this.options).others;
  }

  async capacity(): Promise<number> {
    return this.options.maxMachines;
  }

  async hostSize(): Promise<HostSize> {
    return hostSizeOf(await this.engine.info());
  }

  async describe(externalId: string): Promise<ProvisionedMachine> {
    const container = await this.mustRead(this.engine, externalId);
    this.mustBeOurs(container);
    return this.described(container, await this.waitForSsh(this.engine, container));
  }

  async setAuthorizedKeys(externalId: string, sshPublicKeys: readonly string[]): Promise<void> {
    const lines = mustHaveUsableKeys(sshPublicKeys);
    this.mustBeOurs(await this.mustRead(this.engine, externalId));
    await writeAuthorizedKeys(this.engine, externalId, lines);
  }

  async setPassword(externalId: string, password: string): Promise<void> {
    this.mustBeOurs(await this.mustRead(this.engine, externalId));
    await writeRootPassword(this.engine, externalId, password);
  }

  /** @returns nothing when what was there was only half made, and is gone now */
  private async takeOver(
    engine: Engine,
    id: string,
    { marks }: ProvisionOptions,
    keyLines: readonly string[],
  ): Promise<string | undefined> {
    const container = await this.mustRead(engine, id);
    const known = marksOf(container.Config.Labels, bareName(container));
    const verdict = mayTouch(known, marks);
    if (verdict === 'foreign') throw foreign(container);
    if (verdict === 'newer') {
      throw new BackendError({
        class: 'permanent',
        code: 'SUPERSEDED',
        message: `the machine is already of generation ${known?.generation}`,
      });
    }
    if (container.State.Status === 'created') {
      await this.terminate(id);
      return undefined;
    }
    if (known && known.generation < marks.generation) {
      await engine.rename(id, machineName(marks.contractId, marks.generation));
    }
    if (!container.State.Running) await engine.start(id);
    // Its first start writes the keys that it was made with: only afterwards newer ones last.
    await this.waitForSsh(engine, container);
    await writeAuthorizedKeys(engine, id, keyLines);
    return id;
  }

  private async runScript(
    engine: Engine,
    id: string,
    { spec, marks, onStep }: ProvisionOptions,
    script: string,
  ) {
    onStep('script');
    return runScriptOnce(engine, id, {
      script,
      env: [
        `DC_CONTRACT_ID=${marks.contractId}`,
        `DC_OFFERING_ID=${spec.offeringId}`,
        `DC_PUBLIC_IP=${this.options.publicAddress}`,
      ],
      limitMs: this.options.scriptSeconds * 1_000,
    });
  }

  private async mustRead(engine: Engine, id: string): Promise<ContainerInspectInfo> {
    const container = await engine.container(id);
    if (container) return container;
    throw new BackendError({ class: 'permanent', code: 'NO_SUCH_MACHINE', message: `no machine ${id}` });
  }

  /** @throws BackendError for any container that this agent has not made */
  private mustBeOurs(container: ContainerInspectInfo): void {
    if (!isTouchable(container.Config.Labels ?? {}, this.options)) throw foreign(container);
  }

  private waitForSsh(engine: Engine, container: ContainerInspectInfo): Promise<string> {
    const { publishAddress } = this.options;
    const address = publishAddress === '0.0.0.0' ? '127.0.0.1' : publishAddress;
    return waitForSsh(engine, container.Id, { address, port: mustHavePort(container) });
  }

  private described(container: ContainerInspectInfo, sshHostKey: string): ProvisionedMachine {
    const { publicAddress } = this.options;
    const port = mustHavePort(container);
    return {
      instance: {
        externalId: container.Id,
        provisionerType: this.type,
        publicIp: publicAddress,
        ipAddress: publicAddress,
        sshPort: port,
        sshUser: LOGIN_USER,
        sshHostKey,
        additionalDetails: `Container of the image ${container.Config.Image}`,
      },
      credential: {
        user: LOGIN_USER,
        host: publicAddress,
        port,
        hostKeyFingerprint: fingerprintOf(sshHostKey),
      },
    };
  }
}

const bareName = ({ Name }: ContainerInspectInfo): string => Name.replace(/^\//, '');

function mustHavePort(container: ContainerInspectInfo): number {
  const port = portOf(container);
  if (port !== undefined) return port;
  throw new BackendError({
    class: 'permanent',
    code: 'NO_PORT',
    message: `the container ${bareName(container)} does not say which port of the host is its own`,
  });
}

function foreign(container: ContainerInspectInfo): BackendError {
  return new BackendError({
    class: 'permanent',
    code: 'FOREIGN_MACHINE',
    message: `the container ${bareName(container)} is of another agent or environment`,
  });
}

function ifGone(error: EngineError): void {
  if (error.status !== 404) throw error;
}
