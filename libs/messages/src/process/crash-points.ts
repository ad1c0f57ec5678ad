import type { Act, ProcessStep, Trigger } from './rental-process.ts';

/** Every act of a process once: of its steps, their undoing, and what comes from outside of them. */
export function actsOf(steps: readonly ProcessStep[], others: readonly Act[]): Act[] {
  return [...steps.flatMap(({ acts, undo }) => [...acts, ...(undo?.acts ?? [])]), ...others];
}

/** By what the crash points of an act are named. */
export function actName({ service, on }: Act): string {
  return 'subject' in on ? `${service}:${on.subject}` : `${service}:${on.kind}:${on.name}`;
}

/**
 * The points at which a process can die in the middle of these acts: before and after each transaction, reply,
 * acknowledgement, request to others, publication, journal write and call of the backend. They are passed by the
 * runtime, the outbox and the agent themselves, so whatever is declared here is passed.
 */
export function crashPointsOf(acts: readonly Act[]): string[] {
  return [
    ...new Set(acts.flatMap((act) => [...within(act), ...asked(act), ...said(act), ...atTheAgent(act)])),
  ];
}

/** The point at which an act is repeated as if its answer, or its acknowledgement, had been lost. */
export const repeatPointOf = (act: Act): string =>
  `${actName(act)}:${act.on.kind === 'command' ? 'before-ack' : 'after-commit'}`;

const places = (prefix: string, names: readonly string[]): string[] =>
  names.map((name) => `${prefix}:${name}`);

function within(act: Act): string[] {
  const name = actName(act);
  if (act.on.kind === 'command') return places(name, ['before-ack', 'after-ack']);
  const commits = Array.from({ length: act.commits ?? 1 }, (_, index) =>
    index === 0 ? 'before-commit' : `before-commit-${index + 1}`,
  );
  const ends = act.on.kind === 'request' ? ['before-reply', 'after-reply'] : ['after-ack'];
  return places(name, [...commits, 'after-commit', ...ends]);
}

const asked = ({ service, asks = [] }: Act): string[] =>
  asks.flatMap((subject) => places(`${service}:ask:${subject}`, ['before', 'after']));

function said({ service, says = [] }: Act): string[] {
  return says.flatMap((one) =>
    one.kind === 'event'
      ? places(`${service}:publish:${one.name}`, ['before', 'after'])
      : places(`${service}:publish:${subjectOf(one)}`, ['before', 'after-publish', 'after-mark']),
  );
}

const subjectOf = (said: Trigger): string =>
  'subject' in said ? said.subject : `agent.cmd.v1.*.${said.name}`;

function atTheAgent({ service, journals = [], backend }: Act): string[] {
  return [
    ...journals.flatMap((what) => places(`${service}:journal:${what}`, ['before', 'after'])),
    ...(backend ? places(`${service}:backend:${backend}`, ['before', 'after']) : []),
  ];
}
