import { type SendOptions, sign } from '../send.ts';

export const EVENTS = '/api/v1/events';

interface Event {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
}

/** A reader of server-sent events, kept simple. */
export class Reader {
  readonly events: Event[] = [];
  text = '';
  ended = false;
  readonly abort = new AbortController();
  private constructor(readonly response: Response) {}

  static async open(port: number, options: Partial<SendOptions> & { lastId?: string } = {}): Promise<Reader> {
    const path = options.path ?? EVENTS;
    const headers = options.as ? sign(port, { ...options, path }) : {};
    const abort = new AbortController();
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: {
        ...headers,
        ...options.headers,
        ...(options.lastId !== undefined && { 'last-event-id': options.lastId }),
      },
      signal: abort.signal,
    });
    const reader = new Reader(response);
    abort.signal.addEventListener('abort', () => reader.abort.abort());
    reader.close = () => abort.abort();
    if (response.ok) void reader.read();
    return reader;
  }

  close: () => void = () => undefined;

  named(): string[] {
    return this.events.filter(({ event }) => event).map(({ event, data }) => `${event} ${data}`);
  }

  get lastId(): string {
    return this.events.findLast(({ id }) => id)?.id ?? '';
  }

  private async read(): Promise<void> {
    try {
      const pieces = this.response.body?.pipeThrough(new TextDecoderStream()) as
        | AsyncIterable<string>
        | undefined;
      for await (const piece of pieces ?? []) {
        this.text += piece;
        const blocks = this.text.split('\n\n');
        this.events.length = 0;
        for (const block of blocks.slice(0, -1)) {
          const fields = block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2));
          this.events.push(Object.fromEntries(fields) as Event);
        }
      }
    } catch (error) {
      if ((error as Error).name !== 'AbortError') throw error;
    } finally {
      this.ended = true;
    }
  }
}
