import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { run } from '../src/run.ts';

/** What came to the platform. */
export interface Asked {
  /** `GET /api/v1/offerings`, without the query. */
  readonly call: string;
  readonly url: string;
  readonly body: string;
  readonly idempotencyKey: string | undefined;
}

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Somebody who runs `dc`, with a home of their own in each test, and a platform that the spec plays. */
export class Desk {
  home = '';
  apiUrl = '';
  abort = new AbortController();
  /** Oldest first. */
  readonly seen: Asked[] = [];
  private readonly server;

  private constructor(answer: (asked: Asked, response: ServerResponse) => void) {
    this.server = createServer(async (request, response) => {
      let body = '';
      for await (const piece of request) body += piece;
      const { method = '', url = '' } = request;
      const asked: Asked = {
        call: `${method} ${url.split('?')[0]}`,
        url,
        body,
        idempotencyKey: request.headers['idempotency-key'] as string | undefined,
      };
      this.seen.push(asked);
      answer(asked, response);
    });
  }

  static forFile(answer: (asked: Asked, response: ServerResponse) => void): Desk {
    const desk = new Desk(answer);
    beforeAll(async () => {
      await new Promise<void>((resolve) => desk.server.listen(0, '127.0.0.1', resolve));
      desk.apiUrl = `http://127.0.0.1:${(desk.server.address() as AddressInfo).port}`;
    });
    afterAll(() => {
      desk.server.closeAllConnections();
      desk.server.close();
    });
    beforeEach(() => {
      desk.home = mkdtempSync(join(tmpdir(), 'dc-cli-'));
      desk.abort = new AbortController();
      desk.seen.length = 0;
    });
    afterEach(() => rmSync(desk.home, { recursive: true, force: true }));
    return desk;
  }

  get calls(): string[] {
    return this.seen.map(({ call }) => call);
  }

  /** Programs in `bin` of the home come before the machine's. */
  readonly dc = async (...argv: string[]): Promise<Ran> => {
    let [out, err] = ['', ''];
    const code = await run(argv, {
      env: { DC_API_URL: this.apiUrl, PATH: `${join(this.home, 'bin')}${delimiter}${process.env.PATH}` },
      home: this.home,
      stdout: (text) => {
        out += text;
      },
      stderr: (text) => {
        err += text;
      },
      stdin: async () => '',
      confirm: undefined,
      signal: this.abort.signal,
    });
    return { code, out, err };
  };

  /** Makes the identity `me`; its public key. */
  readonly makeIdentity = async (): Promise<string> => {
    await this.dc('identity', 'generate', '--name', 'me');
    return JSON.parse(readFileSync(join(this.home, '.decent-cloud/me.json'), 'utf8')).public_key_hex;
  };
}
