import * as facts from '../facts.ts';
import { type ServiceName, serviceNames } from '../services.ts';
import type { FactDeclaration } from '../wire/fact.ts';
import { isFact, ownerOf } from '../wire/fact.ts';
import { consumersOf } from './topology.ts';

const declared = Object.values<unknown>(facts).filter(isFact);

/** Facts that live clients see. */
export const liveFacts: readonly FactDeclaration[] = declared.filter(
  ({ live, audience }) => live && audience,
);

/** Facts that the gateway reads: those that live clients see, and those that change what it remembers of keys. */
export const gatewayFacts: readonly FactDeclaration[] = [
  ...new Set<FactDeclaration>([...liveFacts, facts.keyAdded, facts.keyDisabled, facts.accountRegistered]),
];

const subjectsReadBy = (reader: ServiceName): readonly string[] =>
  reader === 'gateway'
    ? gatewayFacts.map(({ subject }) => subject)
    : consumersOf(reader).flatMap(({ stream, filterSubjects }) => (stream === 'FACTS' ? filterSubjects : []));

const readersBySubject = new Map<string, ServiceName[]>(
  declared.map(({ subject }) => [
    subject,
    serviceNames.filter((reader) => subjectsReadBy(reader).includes(subject)),
  ]),
);

/** The services that read this fact. */
export const readersOf = (subject: string): readonly ServiceName[] => readersBySubject.get(subject) ?? [];

/** The services that read a fact of this one. */
export const readersOfService = (teller: ServiceName): readonly ServiceName[] =>
  serviceNames.filter((reader) => subjectsReadBy(reader).some((subject) => ownerOf(subject) === teller));

/** The services of which this one reads a fact. */
export const servicesReadBy = (reader: ServiceName): readonly ServiceName[] =>
  serviceNames.filter((teller) => readersOfService(teller).includes(reader));
