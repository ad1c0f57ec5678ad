import { NS_PER_SECOND } from '@decent-cloud/kernel';
import type { CommandConsumer } from '../../provider-agent/src/link/command-pull.ts';
import { NotConnectedError } from '../../provider-agent/src/link/not-connected.ts';
import { Future } from './future.ts';
import { awaited, type Kernel, MS, type Node, type Process, until } from './kernel.ts';
import type { Message, Verdict } from './reader.ts';

export const ACK_WAIT_SECONDS = 30;
const NS_PER_US = 1_000;

type Fetched = Awaited<ReturnType<CommandConsumer['fetch']>>;
type Command = Fetched extends AsyncIterable<infer One> ? One & { readonly reply: string } : never;

/** One pull: it ends with its time. */
class Pull implements Fetched {
  isOver = false;
  private readonly ready: Command[] = [];
  private wake: () => void = () => undefined;

  give(command: Command): void {
    this.ready.push(command);
    this.wake();
  }

  stop(): void {
    this.isOver = true;
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Command> {
    for (;;) {
      const next = this.ready.shift();
      if (next) yield next;
      else if (this.isOver) return;
      else
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
    }
  }
}

/** The consumer of one process of an agent: what the broker delivers goes into a pull, and its answers settle it. */
export class AgentConsumer implements CommandConsumer {
  private readonly waiting: Command[] = [];
  private readonly answers = new Map<string, Future<Verdict>>();
  private pull: Pull | undefined;
  private delivered = 0;

  constructor(
    private readonly kernel: Kernel,
    private readonly node: Node,
    private readonly isConnected: () => boolean,
  ) {}

  async info(): Promise<{ config: { ack_wait: number } }> {
    if (!this.isConnected()) throw new NotConnectedError('not connected');
    return { config: { ack_wait: ACK_WAIT_SECONDS * Number(NS_PER_SECOND) } };
  }

  async fetch({ expires }: { expires: number }): Promise<Pull> {
    const { kernel, node } = this;
    if (!this.isConnected()) throw new NotConnectedError('not connected');
    const pull = new Pull();
    this.pull = pull;
    kernel.later(node, expires * MS, 'provider-agent pull ends', () => pull.stop());
    for (const command of this.waiting.splice(0)) pull.give(command);
    return pull;
  }

  /** What the broker delivers, until it is answered. */
  *deliver({ subject, body }: Message): Process<Verdict> {
    const text = JSON.stringify(body);
    const reply = `ack.${++this.delivered}`;
    const answer = new Future<Verdict>();
    this.answers.set(reply, answer);
    yield* awaited(this.give({ subject, data: Buffer.from(text), string: () => text, reply }));
    return yield* until(answer);
  }

  /** As JetStream understands what is published on the subject of an acknowledgement. */
  settle(reply: string, answer: string): void {
    const verdict = verdictOf(answer);
    if (!verdict) return;
    this.answers.get(reply)?.resolve(verdict);
    this.answers.delete(reply);
  }

  private async give(command: Command): Promise<void> {
    if (this.pull && !this.pull.isOver) this.pull.give(command);
    else this.waiting.push(command);
  }
}

/** Undefined: still being worked on. */
function verdictOf(answer: string): Verdict | undefined {
  if (answer === '+WPI') return undefined;
  if (answer === '+ACK') return { verdict: 'done' };
  if (answer === '+TERM') return { verdict: 'dead', error: new Error('refused by the agent') };
  const delay = /^-NAK(?: (.*))?$/.exec(answer);
  if (!delay) throw new Error(`no answer to a command: ${answer}`);
  const { delay: delayNs } = JSON.parse(delay[1] ?? '{"delay":0}') as { delay: number };
  return { verdict: 'again', afterUs: delayNs / NS_PER_US };
}
