import type { Reason } from '@decent-cloud/kernel';

/** A refusal that only HTTP knows: a status and headers that no verb has. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';

  constructor(
    readonly status: number,
    readonly reason: Reason,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
