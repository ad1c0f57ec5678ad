import { readReply } from '@decent-cloud/bus';
import { Refusal } from '@decent-cloud/kernel';
import {
  type Answer,
  type BusRequest,
  type Caller,
  type CallInput,
  ownerOf,
  type RequestDeclaration,
} from '@decent-cloud/messages';
import type { Broker } from './broker.ts';
import type { Faults } from './faults.ts';
import { Future } from './future.ts';
import { type Kernel, MS, type Node, SECOND } from './kernel.ts';

const REQUEST_TIMEOUT = 5 * SECOND;

/** A service as others see it. */
export interface Answering extends Node {
  /** Runs the verb. */
  reply(subject: string, asker: string, request: BusRequest): Promise<string>;
}

export interface Network {
  readonly kernel: Kernel;
  readonly faults: Faults;
  readonly broker: Broker;
  /** By name. */
  readonly services: Map<string, Answering>;
}

/** Asks services in the name of one of them, over a network that loses questions and answers. */
export class Bus {
  private asked = 0;

  constructor(
    private readonly network: Network,
    private readonly name: string,
    private readonly node: Node | undefined,
  ) {}

  /** @throws Refusal as the service refused, or UNAVAILABLE */
  ask<const D extends RequestDeclaration>(declaration: D, input: CallInput<D>): Promise<Answer<D>> {
    return this.askAs({ kind: 'service', name: this.name }, declaration, input);
  }

  async askAs<const D extends RequestDeclaration>(
    caller: Caller,
    declaration: D,
    input: CallInput<D>,
    idempotencyKey?: string,
  ): Promise<Answer<D>> {
    const requestId = `${this.name}-${++this.asked}`;
    const request = {
      ...(input as object),
      caller,
      requestId,
      ...(idempotencyKey !== undefined && { idempotencyKey }),
    };
    return readReply(declaration, await this.send(declaration.subject, request));
  }

  private send(subject: string, request: BusRequest): Promise<string> {
    const owner = ownerOf(subject);
    const service = this.network.services.get(owner);
    if (!service) throw new Error(`no service ${owner} for ${subject}`);
    const asking = { asker: this.name, service, subject };
    const reply = exchange(this.network, asking, () => service.reply(subject, this.name, request));
    return this.network.kernel.wait(this.node, reply);
  }
}

interface Asking {
  readonly asker: string;
  readonly service: Answering;
  readonly subject: string;
}

/** A question that may get lost, and its answer. Rejected: Refusal as the service refused, or UNAVAILABLE */
export function exchange<T>(network: Network, asking: Asking, work: () => Promise<T>): Future<T> {
  const { kernel, faults, broker } = network;
  const { asker, service, subject } = asking;
  const { random } = kernel;
  const answer = new Future<T>();
  kernel.in(REQUEST_TIMEOUT, () => {
    if (!answer.isSettled) answer.reject(unavailable(service));
  });
  if (!broker.isDown && !faults.hits('request-lost', `${asker} -> ${subject}`)) {
    kernel.in(random.int(200, 3 * MS), () => {
      if (!service.isUp) answer.reject(unavailable(service));
      else deliver(network, asking, work, answer);
    });
  }
  return answer;
}

function deliver<T>(
  { kernel, faults, broker }: Network,
  { asker, service, subject }: Asking,
  work: () => Promise<T>,
  answer: Future<T>,
): void {
  const { random } = kernel;
  const doing = `${service.name} on ${subject}`;
  const done = kernel.spawn(service, doing, work);
  done.whenSettled(() => {
    const where = `${asker} -> ${subject}`;
    if (broker.isDown || faults.hits('answer-lost', where)) return;
    const isLate = faults.hits('answer-late', where);
    kernel.in(isLate ? random.int(4 * SECOND, 9 * SECOND) : random.int(200, 3 * MS), () => {
      try {
        answer.resolve(done.take());
      } catch (error) {
        if (!(error instanceof Refusal)) kernel.report(error, doing);
        answer.reject(error);
      }
    });
  });
}

export const unavailable = ({ name }: Answering): Refusal =>
  new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', `The ${name} service does not answer`);
