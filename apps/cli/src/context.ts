import { type Client, createClient } from '@decent-cloud/client';
import { createSigner } from '@decent-cloud/identity';
import { listMyContracts } from '@decent-cloud/messages/contracts';
import type { Command } from 'commander';
import { CliError, EXIT } from './failure.ts';
import { type Identity, IdentityStore } from './identity/identity.store.ts';
import { Printer } from './print.ts';

export interface GlobalOptions {
  readonly apiUrl: string;
  readonly identity?: string;
  readonly json?: boolean;
  readonly timeout: number;
  readonly env: 'dev' | 'prod';
  readonly yes?: boolean;
}

/** What a command works with. */
export class Context {
  readonly store = new IdentityStore();
  readonly print: Printer;
  private signed: Client | undefined;

  constructor(readonly options: GlobalOptions) {
    this.print = new Printer(options.json === true);
  }

  /** Calls that everybody may make. */
  get publicApi(): Client {
    return createClient({ baseUrl: this.options.apiUrl, timeoutMs: this.options.timeout * 1_000 });
  }

  /** The caller's own. @throws CliError when no identity was named */
  get api(): Client {
    this.signed ??= createClient({
      baseUrl: this.options.apiUrl,
      signer: createSigner(this.identity.keyPair),
      timeoutMs: this.options.timeout * 1_000,
    });
    return this.signed;
  }

  get identity(): Identity {
    const name = this.options.identity;
    if (name === undefined) {
      throw new CliError(
        EXIT.configuration,
        'Whose key is to sign?',
        'Name an identity: --identity NAME, or DC_IDENTITY.',
      );
    }
    return this.store.load(name);
  }

  get publicKey(): string {
    return this.identity.keyPair.publicKeyHex;
  }

  /** A contract id as typed; `last` is the newest of the own rentals. */
  async contractId(typed: string): Promise<string> {
    if (typed !== 'last') return typed;
    const [newest] = await this.api.call(listMyContracts, {
      params: { pubkey: this.publicKey },
      query: { limit: 1 },
    });
    if (!newest)
      throw new CliError(EXIT.notFound, 'You have rented nothing yet', 'dc contract create --offering-id ID');
    return newest.contract_id;
  }

  /** Production is not changed by accident. */
  confirmWrite(): void {
    if (this.options.env === 'prod' && this.options.yes !== true) {
      throw new CliError(EXIT.usage, 'This changes something in production', 'Say --yes if you mean it.');
    }
  }
}

/** Runs an action with its context: `action(withContext((context, …) => …))`. */
export function withContext<A extends unknown[]>(
  act: (context: Context, ...rest: A) => Promise<void> | void,
): (this: Command, ...rest: A) => Promise<void> {
  return async function (this: Command, ...rest: A) {
    await act(new Context(this.optsWithGlobals<GlobalOptions>()), ...rest);
  };
}

export const newKey = (): string => globalThis.crypto.randomUUID();
