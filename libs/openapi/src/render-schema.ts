import { z } from 'zod';
import { createSchema, type ZodOpenApiOverride } from 'zod-openapi';

/**
 * Corrects what zod-openapi prints for our schemas: a member whose type is stated by hand keeps only that, an answer
 * that a transform normalises looks like its input, answers stay open for new members, numbers say how wide they are, and a
 * member that the wire has in two spellings is there once, in the one that is declared first: generated clients make one
 * name of both.
 */
export const renderSchema: ZodOpenApiOverride = ({ jsonSchema, zodSchema, io }) => {
  const stated = z.globalRegistry.get(zodSchema as unknown as z.ZodType)?.override;
  if (typeof stated === 'object' && stated !== null && 'type' in stated) {
    for (const key of ['anyOf', 'pattern', 'minimum', 'maximum'] as const) delete jsonSchema[key];
    if ('enum' in stated) delete jsonSchema.maxLength;
    return;
  }
  const definition = zodSchema._zod.def as { type: string; in?: z.ZodType };
  if (definition.type === 'pipe' && io === 'output' && definition.in && !('type' in jsonSchema)) {
    const { schema } = createSchema(definition.in, { io: 'input', opts: { override: renderSchema } });
    Object.assign(jsonSchema, schema);
  }
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  if (io === 'output' && jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
  stateWidth(jsonSchema);
  keepFirstSpellings(jsonSchema);
};

/** Without a format generated clients read 32 bits: `float32` in Go, `Integer` in Java. */
function stateWidth(schema: { type?: unknown; format?: string }): void {
  if (schema.format !== undefined) return;
  if (schema.type === 'integer') schema.format = 'int64';
  if (schema.type === 'number') schema.format = 'double';
}

function keepFirstSpellings(schema: { properties?: Record<string, unknown>; required?: string[] }): void {
  const { properties, required } = schema;
  if (!properties) return;
  const seen = new Set<string>();
  for (const name of Object.keys(properties)) {
    const word = spelledOut(name);
    if (seen.has(word)) {
      delete properties[name];
      if (required) schema.required = schema.required?.filter((other) => other !== name) ?? [];
    }
    seen.add(word);
  }
}

/** What generators make one name of: `contract_id` and `contractId`. */
export const spelledOut = (name: string): string => name.replace(/[^A-Za-z0-9]/g, '').toLowerCase();
