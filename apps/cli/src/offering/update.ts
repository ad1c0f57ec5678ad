import {
  listMyOfferings,
  type offering,
  offeringRequest,
  updateOffering,
} from '@decent-cloud/messages/offerings';
import type { Output } from '@decent-cloud/messages/wire';
import type { Command } from 'commander';
import { CliError, EXIT } from '../exit.ts';
import { details } from '../print.ts';
import type { Session } from '../session.ts';
import { id, type Run, verb } from '../verb.ts';
import { type Description, describedBy, describing, type OfferingRequest } from './description.ts';
import { warnIfTooBig } from './too-big.ts';

const PAGE = 200;
const MAX_PAGES = 100;
/** What decides whether an agent can make it. */
const SIZED = ['processor_cores', 'memory_amount', 'agent_pool_id'];

export function addUpdate(parent: Command, run: Run): void {
  verb<Description>(parent, run, {
    name: 'update',
    summary: 'change an own offering; what is not named stays',
    example: 'offering update 13 --identity acme --monthly-price 6.50 --stock 8',
    writes: true,
    configure: (command) => describing(command.argument('<id>', 'number of the offering', id)),
    async run(session, options, [typed = '']) {
      const changes = await describedBy(session, options);
      if (Object.keys(changes).length === 0)
        throw new CliError(EXIT.usage, 'OPTION_MISSING', 'Give what is to change, or a file with --from');
      const body = { ...requestOf(await ownOffering(session, BigInt(typed))), ...changes } as OfferingRequest;
      const params = { pubkey: await session.publicKey(), id: typed };
      await session.call(updateOffering, { params, body });
      if (SIZED.some((name) => name in changes)) await warnIfTooBig(session, body);
      return { json: { id: BigInt(typed), ...changes }, text: details({ Id: typed, Message: 'Changed' }) };
    },
  });
}

/** The platform replaces an offering in full: what stays has to be said again. */
function requestOf(known: Output<typeof offering>): Partial<OfferingRequest> {
  const members = Object.keys(offeringRequest.shape);
  return Object.fromEntries(
    Object.entries(known).filter(([name, value]) => members.includes(name) && value !== null),
  );
}

/** Drafts and private ones too. @throws CliError when there is none of this number */
async function ownOffering(session: Session, wanted: bigint): Promise<Output<typeof offering>> {
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = { limit: PAGE, offset: page * PAGE };
    const offerings = await session.call(listMyOfferings, { query });
    const found = offerings.find((one) => one.id === wanted);
    if (found) return found;
    if (offerings.length < PAGE) break;
  }
  throw new CliError(
    EXIT.notFound,
    'OFFERING_NOT_FOUND',
    `No own offering has the number ${wanted}`,
    'dc offering list shows the numbers.',
  );
}
