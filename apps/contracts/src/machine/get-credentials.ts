import { Refusal } from '@decent-cloud/kernel';
import type { VerbInput } from '@decent-cloud/messages';
import { getCredentials } from '@decent-cloud/messages/contracts';
import { Answers, requireUser, type Verb, type VerbContext } from '@decent-cloud/runtime';
import { ContractStore } from '../contract/contract.store.ts';
import { ContractsPrisma } from '../contract/contracts-prisma.ts';
import { isFinal } from '../contract/domain/status.ts';
import { assertTenant } from '../contract/parties.ts';

const NONE = 'No credentials available (expired or not set)';
const OTHER_KEY =
  'No credentials available for this key: they were sealed for other keys of the account. Reset the password to seal them for this one';

@Answers(getCredentials)
export class GetCredentials implements Verb<typeof getCredentials> {
  constructor(
    private readonly store: ContractStore,
    private readonly prisma: ContractsPrisma,
  ) {}

  async run({ params }: VerbInput<typeof getCredentials>, { caller, now }: VerbContext): Promise<string> {
    const user = requireUser(caller);
    const contract = await this.store.find(params.id);
    assertTenant(user, contract, 'read the credentials');
    if (isFinal(contract.status)) throw notAvailable(NONE);
    const valid = await this.prisma.contractCredential.findMany({
      where: { contractId: params.id, expiresAtNs: { gt: now } },
      take: 20,
    });
    const own = valid.find((sealed) => sealed.recipientPublicKey === user.publicKey);
    if (!own) throw notAvailable(valid.length > 0 ? OTHER_KEY : NONE);
    return own.envelope;
  }
}

const notAvailable = (text: string): Refusal => new Refusal('NOT_FOUND', 'CREDENTIALS_NOT_AVAILABLE', text);
