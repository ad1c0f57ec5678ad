import { REASONS, type Reason } from '@decent-cloud/kernel';
import { type FactPayload, type facts, knownWord } from '@decent-cloud/messages';
import { hostKeyAdvice, plainSshLine } from '@decent-cloud/messages/contracts';
import { PAGES, rentalPage } from '@decent-cloud/messages/pages';
import { CONTRACT_STATUSES, type ContractStatus } from '@decent-cloud/messages/words';
import { amountText, durationText, quote, shortId, type Text } from './text.ts';

export type StatusChange = FactPayload<typeof facts.contractStatusChanged>;
export type RequestFact = Pick<
  FactPayload<typeof facts.rentalRequested>,
  'contractId' | 'offeringName' | 'durationHours' | 'paymentAmountE9s' | 'currency'
>;
export interface Told {
  readonly tenant?: Text;
  readonly provider?: Text;
}

/** Their advice is for the one who pays. */
const PAYMENT_REASONS: ReadonlySet<string> = new Set<Reason>([
  'INSUFFICIENT_BALANCE',
  'CURRENCY_UNSUPPORTED',
  'PAYMENT_METHOD_UNAVAILABLE',
  'ACCOUNT_NOT_FOUND',
]);

const statusText = (
  title: string,
  sentences: readonly string[],
  linkPath: string,
  mail: Text['mail'],
): Text => ({
  type: 'contract_status',
  title,
  body: sentences.filter((sentence) => sentence !== '').join(' '),
  linkPath,
  mail,
});

type Teller = (change: StatusChange) => Told;

/** What the provider learns of a request that is paid. */
export function tellRequest(request: RequestFact): Text {
  const { durationHours, paymentAmountE9s, currency, contractId } = request;
  return {
    type: 'rental_request',
    title: 'New Rental Request',
    body: `Rental request ${shortId(contractId)} for ${offering(request)}: ${durationText(durationHours)}, ${amountText(paymentAmountE9s, currency)}.`,
    linkPath: REQUESTS,
    mail: 'later',
  };
}

/** A request is told when it is paid; messages of before this was told apart are told at once. */
const request: Teller = (change) =>
  change.paymentStatus === undefined ? { provider: tellRequest(change) } : {};

/** Every status that a contract can reach, with what both sides learn; who did it knows already. */
const TELLERS: Readonly<Record<ContractStatus, Teller>> = {
  requested: request,
  pending: request,

  accepted: (change) => ({
    tenant: statusText(
      'Rental Request Accepted',
      [
        `Your rental request ${shortId(change.contractId)} has been accepted. Provisioning will begin shortly.`,
      ],
      rental(change),
      'now',
    ),
    ...(change.actor === 'provider'
      ? {}
      : {
          provider: statusText(
            'Rental Accepted Automatically',
            [
              `Rental ${shortId(change.contractId)} of ${offering(change)} has been accepted as you have set it up:`,
              `${durationText(change.durationHours)}, ${amountText(change.paymentAmountE9s, change.currency)}.`,
            ],
            REQUESTS,
            'now',
          ),
        }),
  }),

  rejected: (change) => ({
    tenant: statusText(
      'Rental Request Rejected',
      [
        `Your rental request ${shortId(change.contractId)} has been rejected.`,
        why(change),
        words(change, 'provider'),
      ],
      PAGES.marketplace,
      'now',
    ),
    ...(change.actor === 'provider'
      ? {}
      : {
          provider: statusText(
            'Rental Request Rejected',
            [
              `Rental request ${shortId(change.contractId)} of ${offering(change)} has been rejected.`,
              whyForProvider(change),
            ],
            REQUESTS,
            'none',
          ),
        }),
  }),

  provisioning: (change) => ({
    tenant: statusText(
      'Provisioning Started',
      [`The machine of your rental ${shortId(change.contractId)} is being made.`],
      rental(change),
      'none',
    ),
  }),

  provisioned: (change) => ({
    tenant: {
      type: 'contract_provisioned',
      title: 'Your Machine Is Ready',
      body: `The machine of your rental ${shortId(change.contractId)} (${offering(change)}) is ready. Log in: dc contract ssh ${change.contractId}${withoutDc(change)}`,
      linkPath: rental(change),
      mail: 'now',
    },
    provider: statusText(
      'Machine Provisioned',
      [`The machine of rental ${shortId(change.contractId)} (${offering(change)}) has been handed over.`],
      REQUESTS,
      'none',
    ),
  }),

  active: (change) => (change.from === 'paused' ? both(change, 'Rental Resumed', 'goes on', 'now') : {}),
  paused: (change) => both(change, 'Rental Paused', 'is paused', 'now'),

  cancelled: (change) =>
    both(change, 'Rental Cancelled', 'has been cancelled', isRequest(change) ? 'none' : 'now'),

  expired: (change) =>
    isRequest(change)
      ? both(change, 'Rental Request Expired', 'has expired', missed(change) ? 'now' : 'none')
      : both(change, 'Rental Ended', 'has ended', 'now'),

  provisioningfailed: (change) =>
    both(change, 'Provisioning Failed', 'has failed: its machine could not be made', 'now'),
};

/** Who is told what about a change of status. A status of a newer version is named as it is. */
export function tellStatusChange(change: StatusChange): Told {
  const status = knownWord(CONTRACT_STATUSES, change.to);
  const { tenant, provider } =
    (status && TELLERS[status](change)) ??
    both(change, 'Rental Status Changed', `is now ${quote(change.to)}`, 'none');
  return {
    ...(tenant && !change.isAnswered && { tenant }),
    // They have never heard of it.
    ...(provider && !isUnpaid(change) && { provider }),
  };
}

const REQUESTS = PAGES.requests;
const rental = (change: StatusChange): string => rentalPage(change.contractId);
const offering = (change: { readonly offeringName: string }): string => `"${quote(change.offeringName)}"`;
const missed = (change: StatusChange): boolean => change.reason === 'RESPONSE_TIMEOUT';
const isUnpaid = ({ paymentStatus }: StatusChange): boolean =>
  paymentStatus === 'pending' || paymentStatus === 'failed';
const isRequest = (change: StatusChange): boolean => change.from === 'requested' || change.from === 'pending';

function both(change: StatusChange, title: string, what: string, providerMail: Text['mail']): Told {
  const id = shortId(change.contractId);
  return {
    tenant: statusText(
      title,
      [`Your rental ${id} (${offering(change)}) ${what}.`, why(change), words(change, 'provider')],
      rental(change),
      // Whoever did it has just seen it happen; it is still a receipt for the one who pays.
      'now',
    ),
    provider: statusText(
      title,
      [`Rental ${id} of ${offering(change)} ${what}.`, whyForProvider(change), words(change, 'tenant')],
      REQUESTS,
      providerMail,
    ),
  };
}

/** The other way in, as a paragraph to copy, and what to check before. */
function withoutDc({ sshLogin, contractId }: StatusChange): string {
  if (!sshLogin) return '';
  const advice = hostKeyAdvice(sshLogin);
  return [
    '',
    'Or without dc (with "ssh -i FILE" if the key is none that ssh tries by itself):',
    plainSshLine(sshLogin, contractId),
    ...(advice === undefined ? [] : [advice]),
  ].join('\n\n');
}

function why(change: StatusChange): string {
  const { reason } = change;
  if (reason === undefined) return '';
  return Object.hasOwn(REASONS, reason) ? REASONS[reason as Reason] : `Reason: ${quote(reason)}.`;
}

function whyForProvider(change: StatusChange): string {
  return PAYMENT_REASONS.has(change.reason ?? '') ? 'The payment did not go through.' : why(change);
}

/** What the other side, or its agent, had to say. */
function words(change: StatusChange, from: 'tenant' | 'provider'): string {
  if (change.memo === undefined || change.memo.trim() === '') return '';
  const isTheirs = change.actor === from || (change.to === 'provisioningfailed' && change.actor !== 'tenant');
  return isTheirs ? `Message: "${quote(change.memo)}"` : '';
}
