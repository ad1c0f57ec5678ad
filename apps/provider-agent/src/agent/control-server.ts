import { chmod, mkdir, unlink } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from '../log.ts';
import {
  CONTROL_LINE_BYTES,
  type ControlAnswer,
  type ControlRequest,
  controlRequest,
  controlSocketIn,
  isSocketPath,
} from './control-messages.ts';
import { OperatorRefusal } from './operator.ts';

export interface ControlServerOptions {
  readonly dataDir: string;
  readonly logger: Logger;
  readonly handle: (request: ControlRequest) => Promise<unknown>;
  readonly platformFaultOf: (error: unknown) => 'access' | 'unreachable' | undefined;
}

const QUESTION_MS = 10_000;
const OWNER_ONLY = 0o600;
const NOT_FOR_OTHERS = 0o177;

/** Lets the owner of the data folder ask the running agent, over a socket that only they can open. */
export class ControlServer {
  private readonly options: ControlServerOptions;
  private readonly path: string;
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;

  constructor(options: ControlServerOptions) {
    this.options = options;
    this.path = controlSocketIn(options.dataDir);
  }

  /** The run lock is held: a socket that is there was left by a process that was killed. */
  async start(): Promise<void> {
    if (!isSocketPath(this.path)) {
      this.options.logger.warn(
        { path: this.path },
        'the path of the data folder is too long for a control socket: `orphans` and `reconcile` work only while the agent is stopped',
      );
      return;
    }
    await mkdir(this.options.dataDir, { recursive: true, mode: 0o700 });
    await unlink(this.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    const server = createServer((socket) => this.serve(socket));
    this.server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      const before = process.umask(NOT_FOR_OTHERS);
      try {
        server.listen(this.path, resolve);
      } finally {
        process.umask(before);
      }
    });
    await chmod(this.path, OWNER_ONLY);
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (!server) return;
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    // Whoever asked has gone: there is nobody to tell.
    socket.on('error', () => undefined);
    socket.setTimeout(QUESTION_MS, () => socket.destroy());
    let text = '';
    let asked = false;
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\n');
      if (asked || (end < 0 && text.length <= CONTROL_LINE_BYTES)) return;
      asked = true;
      socket.setTimeout(0);
      void this.answer(text.slice(0, Math.max(end, 0))).then((answer) => {
        socket.end(`${JSON.stringify(answer)}\n`);
      });
    });
  }

  private async answer(line: string): Promise<ControlAnswer> {
    try {
      const parsed = controlRequest.safeParse(JSON.parse(line));
      if (!parsed.success) throw new OperatorRefusal('the running agent does not know that command');
      this.options.logger.info({ ...parsed.data }, 'asked by an operator');
      return { ok: true, result: await this.options.handle(parsed.data) };
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (error instanceof OperatorRefusal) return { ok: false, error: text, kind: 'refused' };
      const kind = this.options.platformFaultOf(error);
      if (kind) return { ok: false, error: text, kind };
      this.options.logger.error({ error }, 'what an operator asked for failed');
      return { ok: false, error: text, kind: 'fault' };
    }
  }
}
