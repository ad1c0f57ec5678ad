import type { FactPayload, facts } from '@decent-cloud/messages';
import { PAGES, rentalPage } from '@decent-cloud/messages/pages';
import { quote, shortId, type Text } from './text.ts';

export type MachineChange = FactPayload<typeof facts.contractMachineChanged>;

interface Wording {
  readonly title: string;
  readonly mail: Text['mail'];
  /** After "The machine of your rental … ". */
  readonly tenant: string;
  /** After "The machine of rental … ". */
  readonly provider: string;
}

const WORDINGS: Readonly<Record<MachineChange['change'], Wording | undefined>> = {
  // Its agent starts it again within moments: the list of events has it.
  stopped: undefined,
  missing: {
    title: 'Machine Not There',
    mail: 'now',
    tenant:
      'is not there any more at the provider. The time without a machine is not charged. If it does not come back, the rental goes on or ends as you have set it; you can also cancel it now.',
    provider:
      'is not there any more, as your agent sees it. The tenant does not pay for this time. Bring it back, or it counts as lost.',
  },
  lost: {
    title: 'Machine Lost',
    mail: 'now',
    tenant:
      'is lost. Another one is being made on the same terms, without what was on it. The time without a machine is not charged.',
    provider: 'is lost. Another one is being made on the same terms.',
  },
  back: {
    title: 'Machine Is Back',
    mail: 'none',
    tenant: 'is back. The time without a machine was not charged.',
    provider: 'is back.',
  },
  'made-again': {
    title: 'Machine Made Again',
    mail: 'now',
    tenant: 'was made again. Open the rental to see how to reach it.',
    provider: 'was made again.',
  },
  moved: {
    title: 'Machine Has Another Address',
    mail: 'now',
    tenant: 'is reached in another way now. Open the rental to see how.',
    provider: 'is reached in another way now, as your agent has said.',
  },
};

/** What both sides are told; nothing for what mends itself. */
export function tellMachineChange(
  change: MachineChange,
): { readonly tenant: Text; readonly provider: Text } | undefined {
  const wording = WORDINGS[change.change];
  if (!wording) return undefined;
  const { title, mail } = wording;
  const id = shortId(change.contractId);
  const offering = `"${quote(change.offeringName)}"`;
  return {
    tenant: {
      type: 'contract_machine',
      title,
      body: `The machine of your rental ${id} (${offering}) ${wording.tenant}`,
      linkPath: rentalPage(change.contractId),
      mail,
    },
    provider: {
      type: 'contract_machine',
      title,
      body: `The machine of rental ${id} of ${offering} ${wording.provider}`,
      linkPath: PAGES.requests,
      mail,
    },
  };
}
