import { Refusal } from '@decent-cloud/kernel';

/** What of a stream is counted. `address` as `addressBlock` gives it. */
export interface Counted {
  readonly publicKey: string;
  readonly accountId: string | undefined;
  readonly address: string;
}

export interface StreamLimits {
  /** Of this gateway. */
  readonly max: number;
  readonly perKey: number;
  readonly perAddress: number;
  /** Keys cost nothing: those without an account get few places, so that people always find one. */
  readonly withoutAccount: { readonly max: number; readonly perKey: number; readonly perAddress: number };
}

/** Counts open streams and says when one is one too many. */
export class StreamPlaces {
  private readonly counts = new Map<string, number>();

  constructor(private readonly limits: StreamLimits) {}

  /** Before anybody has signed. @throws Refusal LIMIT, UNAVAILABLE */
  assertAddress(address: string): void {
    const { max, perAddress } = this.limits;
    if (this.of('all') >= max) throw full('Too many live streams are open at this gateway');
    if (this.of(`address ${address}`) >= perAddress)
      throw tooMany(`${perAddress} live streams for an address`);
  }

  /** @throws Refusal LIMIT, UNAVAILABLE */
  assertOneMore(stream: Counted): void {
    this.assertAddress(stream.address);
    const { perKey, withoutAccount } = this.limits;
    if (this.of(`key ${stream.publicKey}`) >= perKey) throw tooMany(`${perKey} live streams for a key`);
    if (stream.accountId !== undefined) return;
    const hint = 'without an account; register the key for more';
    if (this.of(`key ${stream.publicKey}`) >= withoutAccount.perKey) {
      throw tooMany(`${withoutAccount.perKey} live streams for a key ${hint}`);
    }
    if (this.of(`strangers of ${stream.address}`) >= withoutAccount.perAddress) {
      throw tooMany(`${withoutAccount.perAddress} live streams for keys of an address ${hint}`);
    }
    if (this.of('strangers') >= withoutAccount.max) {
      throw full('Too many live streams of keys without an account are open at this gateway');
    }
  }

  add(stream: Counted): void {
    for (const name of namesOf(stream)) this.counts.set(name, this.of(name) + 1);
  }

  remove(stream: Counted): void {
    for (const name of namesOf(stream)) {
      const left = this.of(name) - 1;
      if (left > 0) this.counts.set(name, left);
      else this.counts.delete(name);
    }
  }

  private of(name: string): number {
    return this.counts.get(name) ?? 0;
  }
}

function namesOf({ publicKey, accountId, address }: Counted): readonly string[] {
  const names = ['all', `key ${publicKey}`, `address ${address}`];
  return accountId === undefined ? [...names, 'strangers', `strangers of ${address}`] : names;
}

const tooMany = (what: string): Refusal => new Refusal('LIMIT', 'RATE_LIMITED', `At most ${what}`);
const full = (text: string): Refusal => new Refusal('UNAVAILABLE', 'SERVICE_UNAVAILABLE', text);
