import { facts } from '@decent-cloud/messages';
import {
  type Act,
  actName,
  actsOf,
  besides,
  endings,
  rentalProcess,
  type Trigger,
} from '@decent-cloud/messages/process';

/** Every act of the declared rental process, with the names under which the simulator does it. */
export interface SimulatedAct {
  readonly name: string;
  readonly doing: string;
  /** Can come again: facts, commands and events can, requests are repeated by whoever asks. */
  readonly isDelivered: boolean;
  readonly says: readonly string[];
}

/** Of what goes on beside the steps, only what tells the agent until when it is paid. */
const paidTime = besides.filter(({ on, says }) => {
  const { subject } = facts.paidTimeChanged;
  return [on, ...(says ?? [])].some((one) => 'subject' in one && one.subject === subject);
});

export const simulatedActs: readonly SimulatedAct[] = actsOf(rentalProcess, [...endings, ...paidTime]).map(
  (act) => ({
    name: actName(act),
    doing: doingOf(act),
    isDelivered: act.on.kind !== 'request',
    says: (act.says ?? []).map(subjectOf),
  }),
);

function doingOf({ service, on }: Act): string {
  return 'subject' in on ? `${service} on ${on.subject}` : `${service} on ${on.kind} ${on.name}`;
}

/** As the recorder notes what was said: facts by subject, the rest by kind and name. */
function subjectOf(said: Trigger): string {
  return 'subject' in said ? said.subject : `${said.kind} ${said.name}`;
}

/** What the recorder notes of a message on this subject. */
export function saidOf(subject: string): string {
  const [kind, what, , , name] = subject.split('.');
  if (kind !== 'agent') return subject;
  return `${what === 'cmd' ? 'command' : 'event'} ${name}`;
}
