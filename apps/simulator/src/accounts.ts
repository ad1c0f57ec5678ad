import type { Answer, requests } from '@decent-cloud/messages';
import type { Process } from './kernel.ts';
import { Service, type Surroundings } from './service.ts';

type Tenant = Answer<typeof requests.ensureAccount>;

/** Whose key is whose. Nothing changes here during a simulation. */
export class Accounts extends Service {
  readonly people = new Map<string, Tenant>();
  protected readonly reactions = new Map();

  constructor(around: Surroundings, skewUs: number) {
    super('accounts', skewUs, around);
  }

  protected sweeps() {
    return [];
  }

  *ensureAccount(publicKey: string): Process<Tenant> {
    yield this.around.kernel.random.int(200, 2_000);
    const tenant = this.people.get(publicKey);
    if (!tenant) throw new Error(`nobody has the key ${publicKey}`);
    return tenant;
  }

  *accountOf(publicKey: string): Process<string | undefined> {
    yield this.around.kernel.random.int(200, 2_000);
    return this.people.get(publicKey)?.accountId;
  }
}
