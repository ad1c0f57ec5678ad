import { type FactDeclaration, facts, isFact } from '@decent-cloud/messages';
import type { z } from 'zod';

/** One change as live clients see it. */
export interface LiveChange {
  readonly sequence: number;
  readonly event: string;
  /** JSON. */
  readonly data: string;
  /** Public keys and account ids. */
  readonly audience: readonly string[];
}

const declared: FactDeclaration[] = Object.values<unknown>(facts).filter(isFact);
const bySubject = new Map(declared.map((declaration) => [declaration.subject as string, declaration]));

/** The fact of a subject, parsed. @throws when it is not as declared */
export function parseFact(
  subject: string,
  json: unknown,
): { declaration: FactDeclaration; payload: never } | undefined {
  const declaration = bySubject.get(subject);
  if (!declaration) return undefined;
  return { declaration, payload: (declaration.payload as unknown as z.ZodType).parse(json) as never };
}
