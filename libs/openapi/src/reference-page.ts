import { escapeUTF8 } from 'entities/escape';
import type { OpenapiDocument } from './openapi-document.ts';
import { REFERENCE_SCRIPT } from './reference-script.ts';
import { REFERENCE_STYLE } from './reference-style.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly examples?: readonly unknown[];
}
interface Content {
  readonly content?: Readonly<Record<string, { readonly schema?: Schema }>>;
}
interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly schema?: Schema;
  }[];
  readonly requestBody?: Content;
  readonly responses?: Readonly<Record<string, Content & { readonly description?: string }>>;
  readonly 'x-refusals'?: readonly {
    readonly code: string;
    readonly status: number;
    readonly advice: string;
  }[];
}
interface Listed {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

/** Escaped text with `code` in back quotes. */
const prose = (text: string): string => escapeUTF8(text).replaceAll(/`([^`]*)`/g, '<code>$1</code>');

class Page {
  private readonly components: Readonly<Record<string, Schema>>;

  constructor(private readonly document: OpenapiDocument) {
    this.components = (document.components?.schemas ?? {}) as unknown as Record<string, Schema>;
  }

  resolve(schema: Schema): Schema {
    const name = schema.$ref?.split('/').at(-1);
    if (name) return this.components[name] ?? {};
    const present = schema.anyOf?.filter((part) => part.type !== 'null');
    return present?.length === 1 ? { ...this.resolve(present[0] as Schema), ...only(schema) } : schema;
  }

  typeName(given: Schema): string {
    const schema = this.resolve(given);
    const nullable = given.anyOf?.some((part) => part.type === 'null') ? ' or null' : '';
    if (schema.items) return `list of ${this.typeName(schema.items)}${nullable}`;
    if (schema.enum) return `${schema.enum.map((value) => JSON.stringify(value)).join(' · ')}${nullable}`;
    if (schema.const !== undefined) return JSON.stringify(schema.const);
    const type = [schema.type ?? 'anything'].flat().join(' or ');
    return `${schema.format ? `${type} (${schema.format})` : type}${nullable}`;
  }

  limits(given: Schema): string {
    const schema = this.resolve(given);
    const parts: string[] = [];
    if (schema.minimum !== undefined || schema.maximum !== undefined) {
      parts.push(`${schema.minimum ?? '…'} to ${schema.maximum ?? '…'}`);
    }
    if (schema.maxLength !== undefined) parts.push(`up to ${schema.maxLength} bytes`);
    if (schema.maxItems !== undefined) parts.push(`up to ${schema.maxItems} items`);
    if (schema.default !== undefined) parts.push(`default ${JSON.stringify(schema.default)}`);
    return parts.join(', ');
  }

  row(name: string, schema: Schema, needed: boolean): string {
    const note = [given(schema.description ?? this.resolve(schema).description), this.limits(schema)]
      .filter((part) => part !== '')
      .join(' ');
    return `<tr><td><code>${escapeUTF8(name)}</code>${needed ? '' : ' <i>optional</i>'}</td><td>${escapeUTF8(this.typeName(schema))}</td><td>${prose(note)}</td></tr>`;
  }

  /** One row for each member, those of inner objects as `list[].member`. */
  rows(schema: Schema, prefix = '', depth = 0): string {
    const object = this.resolve(schema);
    if (object.items) return this.rows(object.items, `${prefix}[]`, depth);
    return Object.entries(object.properties ?? {})
      .map(([name, member]) => {
        const path = prefix === '' ? name : `${prefix}.${name}`;
        const own = this.row(path, member, object.required?.includes(name) ?? false);
        return own + (depth < 4 ? this.rows(member, path, depth + 1) : '');
      })
      .join('');
  }

  example(schema: Schema): unknown {
    const found = this.resolve(schema);
    if (found.examples?.[0] !== undefined) return found.examples[0];
    if (found.items) {
      const item = this.example(found.items);
      return item === undefined ? undefined : [item];
    }
    if (!found.properties) return found.const;
    const members = Object.entries(found.properties).map(([name, member]) => [name, this.example(member)]);
    return members.every(([, value]) => value === undefined) ? undefined : Object.fromEntries(members);
  }

  schemaBlock(title: string, content: Content | undefined): string {
    const [type = '', media] = Object.entries(content?.content ?? {})[0] ?? [];
    if (!media?.schema) return '';
    const rows = this.rows(media.schema);
    const example = this.example(media.schema);
    const shown =
      typeof example === 'string' ? example : example === undefined ? '' : JSON.stringify(example, null, 2);
    return `<h4>${title} <small>${escapeUTF8(type)}</small></h4>${
      rows ? table(rows) : `<p>${escapeUTF8(this.typeName(media.schema))}</p>`
    }${shown ? `<pre>${escapeUTF8(shown)}</pre>` : ''}`;
  }

  endpoint({ method, path, operation }: Listed): string {
    const parameters = (operation.parameters ?? [])
      .map((one) => this.row(`${one.name} (${one.in})`, one.schema ?? {}, one.required ?? false))
      .join('');
    const refusals = (operation['x-refusals'] ?? [])
      .map(
        (one) =>
          `<tr><td><code>${one.code}</code></td><td>${one.status}</td><td>${escapeUTF8(one.advice)}</td></tr>`,
      )
      .join('');
    const call = escapeUTF8(JSON.stringify(this.call({ method, path, operation })));
    return `<details id="${escapeUTF8(operation.operationId ?? '')}" data-call="${call}"><summary><b class="${method}">${method.toUpperCase()}</b> <code>${escapeUTF8(path)}</code> <span>${escapeUTF8(operation.summary ?? '')}</span></summary>
<p>${prose(operation.description ?? '')}</p>${parameters ? `<h4>Parameters</h4>${table(parameters)}` : ''}${this.schemaBlock('Body', operation.requestBody)}${this.schemaBlock('Answer', operation.responses?.['200'])}${refusals ? `<h4>Refusals</h4>${table(refusals)}` : ''}</details>`;
  }

  /** What the page's script needs to try it. */
  call({ method, path, operation }: Listed): object {
    const { parameters = [], security = [], requestBody } = operation;
    const isOpen = security.length === 0 || security.some((one) => Object.keys(one).length === 0);
    const schema = requestBody?.content?.['application/json']?.schema;
    return {
      method: method.toUpperCase(),
      path,
      parameters: parameters.map(({ name, in: place, required = false }) => ({ name, in: place, required })),
      ...(schema && { body: JSON.stringify(this.example(schema) ?? {}, null, 2) }),
      auth: isOpen ? 'open' : 'signed',
      signature: isOpen ? [] : Object.keys(security[0] ?? {}),
    };
  }

  render(): string {
    const all: Listed[] = Object.entries(this.document.paths ?? {}).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        path,
        method,
        operation: operation as Operation,
      })),
    );
    const sections = (this.document.tags ?? []).map(({ name }) => {
      const listed = all.filter(({ operation }) => operation.tags?.[0] === name);
      return `<section><h2 id="tag-${escapeUTF8(name)}">${escapeUTF8(name)}</h2>${listed.map((one) => this.endpoint(one)).join('\n')}</section>`;
    });
    const links = (this.document.tags ?? []).map(
      ({ name }) => `<a href="#tag-${escapeUTF8(name)}">${escapeUTF8(name)}</a>`,
    );
    const { title, version, description } = this.document.info;
    return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escapeUTF8(title)}</title><style>${REFERENCE_STYLE}</style></head><body>
<header><h1>${escapeUTF8(title)} <small>${escapeUTF8(version)}</small></h1><p>${prose(description ?? '').replaceAll('\n', '<br>')}</p><nav>${links.join(' ')}</nav></header>
<main>${sections.join('\n')}</main><script>${REFERENCE_SCRIPT}</script></body></html>`;
  }
}

const given = (text: string | undefined): string => text ?? '';
const only = ({ description }: Schema): Schema => (description === undefined ? {} : { description });
const table = (rows: string): string => `<div class="scroll"><table>${rows}</table></div>`;

/** One page to read and to try, complete in itself: no scripts, fonts or styles from elsewhere. */
export function referencePage(document: OpenapiDocument): string {
  return new Page(document).render();
}
