import { Desk } from './desk.ts';

export interface CannedAnswer {
  readonly status: number;
  readonly body: unknown;
}

export const ok = (data: unknown): CannedAnswer => ({ status: 200, body: { success: true, data } });
export const refusal = (status: number, code: string): CannedAnswer => ({
  status,
  body: { success: false, error: `refused: ${code}`, code, requestId: 'r-1' },
});

/** A desk at a platform whose answers each test sets, by method and path. */
export class CannedDesk {
  readonly answers: Record<string, CannedAnswer> = {};
  readonly desk = Desk.forFile(({ call }, response) => {
    const { status, body } = this.answers[call] ?? { status: 404, body: { success: false, error: 'no' } };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  readonly dc = this.desk.dc;
  readonly seen = this.desk.seen;
  readonly makeIdentity = this.desk.makeIdentity;

  static forFile(): CannedDesk {
    const canned = new CannedDesk();
    beforeEach(() => {
      for (const call of Object.keys(canned.answers)) delete canned.answers[call];
    });
    return canned;
  }
}
