import { Agent, request } from 'node:http';

export interface HttpRequest {
  readonly method: string;
  /** With query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

export interface Answered {
  readonly status: number;
  readonly text: string;
  readonly milliseconds: number;
}

const TIMEOUT_MS = 30_000;

/** Callers of one server: so many connections that are kept open, one request at a time on each. */
export class HttpLoad {
  private readonly agent: Agent;

  constructor(
    private readonly baseUrl: URL,
    private readonly connections: number,
  ) {
    this.agent = new Agent({ keepAlive: true, maxSockets: connections });
  }

  send({ method, path, headers, body }: HttpRequest): Promise<Answered> {
    const { hostname, port, host } = this.baseUrl;
    const started = performance.now();
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          agent: this.agent,
          hostname,
          port,
          method,
          path,
          headers: { host, ...headers, ...(body && { 'content-length': String(body.length) }) },
          timeout: TIMEOUT_MS,
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('error', reject);
          response.once('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              text: Buffer.concat(chunks).toString(),
              milliseconds: performance.now() - started,
            }),
          );
        },
      );
      sent.once('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer in ${TIMEOUT_MS} ms`)));
      sent.once('error', reject);
      sent.end(body);
    });
  }

  /** Sends all of them and gives the milliseconds of each. @throws Error at the first answer that is no success */
  async drive(requests: readonly HttpRequest[]): Promise<number[]> {
    const milliseconds: number[] = [];
    await inParallel(requests, this.connections, async (one) => {
      const answer = await this.send(one);
      if (answer.status < 200 || answer.status > 299) {
        throw new Error(`${one.method} ${one.path} gave ${answer.status}: ${answer.text.slice(0, 300)}`);
      }
      milliseconds.push(answer.milliseconds);
    });
    return milliseconds;
  }

  close(): void {
    this.agent.destroy();
  }
}

/** Works off a list, so many at the same time. */
export async function inParallel<T>(
  items: Iterable<T>,
  concurrency: number,
  work: (item: T) => Promise<unknown>,
): Promise<void> {
  const queue = items[Symbol.iterator]();
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      for (let next = queue.next(); !next.done; next = queue.next()) await work(next.value);
    }),
  );
}
