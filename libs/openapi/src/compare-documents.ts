/** The part of OpenAPI that comparing needs, in 3.0 and 3.1. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
}
interface Body {
  readonly content?: Readonly<Record<string, { readonly schema?: JsonSchema }>>;
}
interface Operation {
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema?: JsonSchema;
  }[];
  readonly requestBody?: Body;
  readonly responses?: Readonly<Record<string, Body>>;
}
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
}

/** What an old client could stumble over. */
export interface Difference {
  /** `GET /api/v1/offerings` */
  readonly endpoint: string;
  /** `answer.data[].id`, `body.memo`, `query.q`, `path.id` */
  readonly member: string;
  readonly difference:
    | 'missing'
    | 'type'
    | 'fewer words'
    | 'not always there'
    | 'newly required'
    | 'null'
    | 'example';
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];
export const plainPath = (path: string): string => path.replaceAll(/\{[^}]*\}/g, '{}');

/** Follows references and drops `null`, so that what is left is an object, a list, a scalar or `{}` for anything. */
export function resolveSchema(document: ApiDocument, schema: JsonSchema): JsonSchema {
  if (schema.$ref) {
    return resolveSchema(
      document,
      document.components.schemas[schema.$ref.split('/').at(-1) as string] ?? {},
    );
  }
  const only = schema.allOf?.find((part) => Object.keys(part).length > 0);
  if (only) return resolveSchema(document, only);
  const present = schema.anyOf?.filter((part) => part.type !== 'null');
  if (present?.length === 1) return resolveSchema(document, present[0] as JsonSchema);
  return schema;
}

/** Does a schema take null as it stands? Anything does. */
export function takesNull(document: ApiDocument, schema: JsonSchema): boolean {
  if (schema.$ref) {
    return takesNull(document, document.components.schemas[schema.$ref.split('/').at(-1) as string] ?? {});
  }
  if (schema.anyOf) return schema.anyOf.some((part) => takesNull(document, part));
  if (schema.type === undefined) return !schema.allOf && !schema.properties;
  return Array.isArray(schema.type) ? schema.type.includes('null') : schema.type === 'null';
}

const typeOf = (schema: JsonSchema): string => {
  const types = [schema.type ?? 'any'].flat().filter((type) => type !== 'null');
  return types.join('|') || 'any';
};

/** The JSON answer, with its envelope. */
export function answerSchema(operation: Operation): JsonSchema | undefined {
  const content = operation.responses?.['200']?.content ?? {};
  return Object.entries(content).find(([type]) => type.startsWith('application/json'))?.[1].schema;
}

class Comparison {
  readonly differences: Difference[] = [];

  constructor(
    private readonly existing: ApiDocument,
    private readonly ours: ApiDocument,
    private readonly endpoint: string,
  ) {}

  report(member: string, difference: Difference['difference']): void {
    this.differences.push({ endpoint: this.endpoint, member, difference });
  }

  schema(before: JsonSchema, after: JsonSchema, member: string, asked: boolean): void {
    const old = resolveSchema(this.existing, before);
    const now = resolveSchema(this.ours, after);
    if (typeOf(old) === 'any' || (asked && typeOf(now) === 'any')) return;
    if (typeOf(old) !== typeOf(now)) {
      this.report(member, 'type');
      return;
    }
    if (asked && now.enum && !old.enum?.every((word) => now.enum?.includes(word))) {
      this.report(member, 'fewer words');
    }
    if (old.items) this.schema(old.items, now.items ?? {}, `${member}[]`, asked);
    for (const [name, schema] of Object.entries(old.properties ?? {})) {
      const mine = now.properties?.[name];
      const path = `${member}.${name}`;
      // The envelope's error is in answers of other statuses now.
      if (path === 'answer.error') continue;
      if (!mine) {
        if (path !== 'answer.data') this.report(path, 'missing');
        continue;
      }
      const wasRequired = old.required?.includes(name) ?? false;
      const isRequired = now.required?.includes(name) ?? false;
      if (!asked && wasRequired && !isRequired) this.report(path, 'not always there');
      if (asked && !wasRequired && isRequired) this.report(path, 'newly required');
      this.schema(schema, mine, path, asked);
    }
    if (!asked) return;
    for (const name of now.required ?? []) {
      if (!old.properties?.[name]) this.report(`${member}.${name}`, 'newly required');
    }
  }

  parameters(before: Operation, after: Operation): void {
    const named = (operation: Operation) =>
      (operation.parameters ?? []).filter((parameter) => parameter.in === 'query' || parameter.in === 'path');
    for (const old of named(before)) {
      const member = `${old.in}.${old.name}`;
      const mine = named(after).find((parameter) => parameter.name === old.name && parameter.in === old.in);
      if (!mine) {
        this.report(member, 'missing');
        continue;
      }
      if (mine.required && !old.required) this.report(member, 'newly required');
      this.schema(old.schema ?? {}, mine.schema ?? {}, member, true);
    }
    for (const mine of named(after)) {
      const known = named(before).some((parameter) => parameter.name === mine.name);
      if (mine.required && !known) this.report(`${mine.in}.${mine.name}`, 'newly required');
    }
  }
}

/**
 * Compares each endpoint that both documents have: names, types, what is required. More members in answers and more
 * optional ones in requests are no difference.
 * @param prefix what the paths of `existing` lack, for example `/api/v1`
 */
export function compareDocuments(existing: ApiDocument, ours: ApiDocument, prefix: string): Difference[] {
  const before = new Map(
    Object.entries(existing.paths).map(([path, methods]) => [plainPath(prefix + path), methods]),
  );
  const differences: Difference[] = [];
  for (const [path, methods] of Object.entries(ours.paths)) {
    for (const method of METHODS) {
      const now = methods[method];
      const old = before.get(plainPath(path))?.[method];
      if (!now || !old) continue;
      const comparison = new Comparison(existing, ours, `${method.toUpperCase()} ${path}`);
      comparison.parameters(old, now);
      const oldBody = old.requestBody?.content?.['application/json; charset=utf-8']?.schema;
      const body = now.requestBody?.content?.['application/json']?.schema;
      if (oldBody && body) comparison.schema(oldBody, body, 'body', true);
      else if (oldBody) comparison.report('body', 'missing');
      else if (body && !old.requestBody) comparison.report('body', 'newly required');
      const oldAnswer = answerSchema(old);
      const answer = answerSchema(now);
      if (oldAnswer && answer) comparison.schema(oldAnswer, answer, 'answer', false);
      else if (oldAnswer) comparison.report('answer', 'missing');
      differences.push(...comparison.differences);
    }
  }
  return differences;
}

/**
 * Holds one recorded answer against our schema of it: a member that was null must always be there and take null; one
 * that was absent must never be sent as null.
 */
export function compareNulls(
  document: ApiDocument,
  schema: JsonSchema,
  recorded: unknown,
  member = 'answer',
): Omit<Difference, 'endpoint'>[] {
  const mine = resolveSchema(document, schema);
  if (Array.isArray(recorded)) {
    return recorded.flatMap((item) => compareNulls(document, mine.items ?? {}, item, `${member}[]`));
  }
  if (typeof recorded !== 'object' || recorded === null || !mine.properties) return [];
  const values = recorded as Record<string, unknown>;
  const unknown = Object.keys(values).filter((name) => !mine.properties?.[name]);
  return [
    ...unknown.map((name) => ({ member: `${member}.${name}`, difference: 'missing' as const })),
    ...Object.entries(mine.properties).flatMap(([name, property]) => {
      const path = `${member}.${name}`;
      const always = mine.required?.includes(name) ?? false;
      const nullable = takesNull(document, property);
      const wrong = values[name] === null ? !always || !nullable : values[name] === undefined && nullable;
      return [
        ...(wrong ? [{ member: path, difference: 'null' as const }] : []),
        ...compareNulls(document, property, values[name], path),
      ];
    }),
  ];
}
