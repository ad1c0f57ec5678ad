import { Refusal } from '@decent-cloud/kernel';
import type { RequestDeclaration, VerbInput } from '@decent-cloud/messages';
import type { z } from 'zod';

const PARTS = ['params', 'query', 'headers', 'body'] as const;
const MAX_FAULTS_SHOWN = 5;

/** Parses the parts that a declaration has. @throws Refusal INVALID naming every field that is wrong. */
export function parseInput<D extends RequestDeclaration>(
  declaration: D,
  raw: { params?: unknown; query?: unknown; headers?: unknown; body?: unknown },
): VerbInput<D> {
  const input: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const part of PARTS) {
    const schema = declaration[part] as z.ZodType | undefined;
    if (!schema) continue;
    const value = raw[part] ?? (part === 'body' ? undefined : {});
    const result = schema.safeParse(value);
    if (result.success) input[part] = result.data;
    else faults.push(...result.error.issues.map((issue) => describe(part, issue)));
  }
  if (faults.length > 0) {
    const shown = faults.slice(0, MAX_FAULTS_SHOWN).join('; ');
    const more = faults.length > MAX_FAULTS_SHOWN ? `; and ${faults.length - MAX_FAULTS_SHOWN} more` : '';
    throw new Refusal('INVALID', 'INVALID_INPUT', `${shown}${more}`);
  }
  return input as VerbInput<D>;
}

function describe(part: string, issue: z.core.$ZodIssue): string {
  const path = issue.path.length > 0 ? issue.path.join('.') : part;
  return `${path}: ${issue.message}`;
}
