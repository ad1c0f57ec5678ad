import { type Answer, requests } from '@decent-cloud/messages';
import { answering, type Flows } from './flows.ts';
import type { Process } from './kernel.ts';
import { Service, type Surroundings } from './service.ts';

type Tenant = Answer<typeof requests.ensureAccount>;

/** Whose key is whose. Nothing changes here during a simulation. */
export class Accounts extends Service {
  readonly people = new Map<string, Tenant>();

  constructor(around: Surroundings, skewUs: number) {
    super('accounts', skewUs, around);
  }

  protected flows(): Flows {
    return {
      verbs: this.answers(
        answering(requests.ensureAccount, ({ publicKey }) => this.find(publicKey)),
        answering(requests.resolveKey, ({ publicKey }) => this.resolve(publicKey)),
      ),
    };
  }

  private *find(publicKey: string): Process<Tenant> {
    yield this.around.kernel.random.int(200, 2_000);
    const tenant = this.people.get(publicKey);
    if (!tenant) throw new Error(`nobody has the key ${publicKey}`);
    return tenant;
  }

  private *resolve(publicKey: string): Process<Answer<typeof requests.resolveKey>> {
    const { accountId } = yield* this.find(publicKey);
    return { status: 'active', accountId };
  }
}
