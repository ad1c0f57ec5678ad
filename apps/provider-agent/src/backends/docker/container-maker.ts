import { setTimeout as sleep } from 'node:timers/promises';
import type { FoundMachine } from '../../domain/machine.ts';
import { machineName } from '../../domain/machine.ts';
import { BackendError } from '../backend.ts';
import type { PortWishes } from '../port-wishes.ts';
import { type ContainerPlan, containerOptions } from './container-plan.ts';
import type { Engine } from './engine.ts';
import { OURS, ofContract, PORT_LABEL } from './labels.ts';
import type { Ports } from './ports.ts';
import type { DockerBackendOptions } from './settings.ts';

const PORT_ATTEMPTS = 5;
/** In all some seconds: a creation that was begun before is shown by then. */
const NAME_LOOKS = 10;
const NAME_LOOK_MS = 500;

export interface MakerContext {
  readonly options: DockerBackendOptions;
  readonly ports: Ports;
  readonly list: () => Promise<FoundMachine[]>;
  readonly remove: (id: string) => Promise<void>;
}

/** The contract's container, whoever has made it. */
export async function findContainer(engine: Engine, contractId: string): Promise<string | undefined> {
  return (await engine.list(ofContract(contractId)))[0]?.Id;
}

/** Ports that machines own, also those of stopped ones. */
export async function usedPorts(engine: Engine): Promise<Set<number>> {
  return new Set((await engine.list([OURS])).map(({ Labels }) => Number(Labels[PORT_LABEL])));
}

/** Makes new containers, each with a slot and a port of its own. */
export class ContainerMaker {
  private readonly context: MakerContext;
  private readonly beingMade = new Set<string>();

  constructor(context: MakerContext) {
    this.context = context;
  }

  async makeStarted(engine: Engine, plan: Omit<ContainerPlan, 'port'>, wishes?: PortWishes): Promise<string> {
    const { maxMachines } = this.context.options;
    const { contractId } = plan.marks;
    this.beingMade.add(contractId);
    try {
      const there = (await this.context.list()).map(
        ({ marks, externalId }) => marks?.contractId ?? externalId,
      );
      if (new Set([...there, ...this.beingMade]).size > maxMachines) {
        throw new BackendError({
          class: 'capacity',
          code: 'NO_FREE_SLOT',
          message: `all ${maxMachines} machines are in use`,
        });
      }
      const refused = await usedPorts(engine);
      for (let attempt = 1; ; attempt++) {
        const port = await this.context.ports.take(refused, wishes);
        try {
          return await this.createOnPort(engine, { ...plan, port });
        } catch (error) {
          const isTaken = error instanceof BackendError && error.failure.code === 'PORT_TAKEN';
          if (!isTaken || attempt === PORT_ATTEMPTS) throw error;
          refused.add(port);
          const left = await findContainer(engine, contractId);
          if (left) await this.context.remove(left);
        } finally {
          this.context.ports.giveBack(port);
        }
      }
    } finally {
      this.beingMade.delete(contractId);
    }
  }

  private async createOnPort(engine: Engine, plan: ContainerPlan): Promise<string> {
    const id = await this.createOrFind(engine, plan);
    try {
      await engine.start(id);
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      const resourcesLeft = [{ kind: 'docker-container', id }];
      throw new BackendError({ ...error.failure, resourcesLeft }, { cause: error });
    }
    return id;
  }

  /** An engine reserves a name before it shows whose it is: it is looked at again for some seconds. */
  private async holderOfName(
    engine: Engine,
    { contractId, generation }: ContainerPlan['marks'],
    cause: BackendError,
  ): Promise<string> {
    const name = machineName(contractId, generation);
    for (let look = 1; look <= NAME_LOOKS; look++) {
      const holder = await engine.container(name);
      if (holder?.Config.Labels?.['dc-contract-id'] === contractId) return holder.Id;
      if (holder) {
        throw new BackendError(
          {
            class: 'permanent',
            code: 'NAME_TAKEN',
            message: `a container that is not of this contract has the name ${name}`,
          },
          { cause },
        );
      }
      const made = await findContainer(engine, contractId);
      if (made) return made;
      await sleep(NAME_LOOK_MS);
    }
    throw new BackendError(
      {
        class: 'transient',
        code: 'NAME_RESERVED',
        message: `the engine has reserved the name ${name} and does not say for what`,
      },
      { cause },
    );
  }

  /** An answer that was lost may have been a yes: the labels tell. */
  private async createOrFind(engine: Engine, plan: ContainerPlan): Promise<string> {
    try {
      return await engine.create(containerOptions(plan, this.context.options));
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      const { code } = error.failure;
      if (code === 'DISK_LIMIT_UNSUPPORTED' && plan.limitsDisk) {
        return this.createOrFind(engine, { ...plan, limitsDisk: false });
      }
      if (!['CONFLICT', 'ENGINE_SILENT', 'ENGINE_FAULT'].includes(code)) throw error;
      const made = await findContainer(engine, plan.marks.contractId);
      if (made) return made;
      if (code !== 'CONFLICT') throw error;
      return await this.holderOfName(engine, plan.marks, error);
    }
  }
}
