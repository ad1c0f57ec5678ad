import type { FactPayload, facts } from '@decent-cloud/messages';
import { PAGES } from '@decent-cloud/messages/pages';
import { quote, type Text } from './text.ts';

type Doubled = FactPayload<typeof facts.agentDoubled>;

const ADVICE =
  'Was its data folder copied? Stop one of the two, or give the other host an agent of its own: `dc-agent setup token`.';

/** Two processes have the key of one agent. */
export function tellAgentDoubled(fact: Doubled): Text {
  const agent = fact.label ? `"${quote(fact.label)}"` : `${fact.agentPublicKey.slice(0, 16)}...`;
  const on = (host: string | undefined) => (host ? ` on the host "${quote(host)}"` : '');
  const what: Readonly<Record<Doubled['what'], string>> = {
    refused: `Another process${on(fact.otherHost)} wanted to act as the agent ${agent} and was turned away: the agent works${on(fact.host)}. ${ADVICE}`,
    'taken-over': `The agent ${agent} works${on(fact.otherHost)} from now on: it had fallen silent${on(fact.host)}. When that one comes back it is turned away; what it has made stays there and has to be looked after. ${ADVICE}`,
    'polls-beside': `An older version of the agent ${agent} polls while the agent works${on(fact.host)}, and was turned away. ${ADVICE}`,
    'two-poll': `Two processes seem to poll as the agent ${agent}, or one is started again and again. Nothing tells which of them is the right one: each may make every machine. ${ADVICE}`,
  };
  return {
    type: 'agent_doubled',
    title: fact.what === 'taken-over' ? 'Agent Works on Another Host' : 'Two Agents with One Key',
    body: what[fact.what],
    linkPath: PAGES.agents,
    mail: 'now',
  };
}
