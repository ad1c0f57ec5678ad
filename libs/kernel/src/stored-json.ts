import { parseExactJson, printExactJson } from './exact-json.ts';

/** One version of something that is kept: checks it, and gives it the present shape. */
interface KeptVersion<Present> {
  parse(kept: unknown): Present;
}

/**
 * Values that are kept as JSON objects. The member `v` is the version in which one was written; what has none is of version
 * 0. All versions are read for ever; the newest is written.
 */
export class StoredJson<Present extends object> {
  readonly newest: number;

  /**
   * @param what names it in errors
   * @param versions from 0 on; each is a schema of its own, never one of the wire
   */
  constructor(
    private readonly what: string,
    private readonly versions: readonly [KeptVersion<Present>, ...KeptVersion<Present>[]],
  ) {
    this.newest = versions.length - 1;
  }

  /** @throws when a newer program has written it, or it is not what its version says */
  read(kept: unknown): Present {
    const version = versionOf(kept);
    const schema = this.versions[version];
    if (!schema) {
      throw new Error(
        `${this.what} was stored in version ${version}; this program reads 0 to ${this.newest}`,
      );
    }
    try {
      return schema.parse(kept);
    } catch (error) {
      throw new Error(`${this.what} was stored in version ${version} and cannot be read`, { cause: error });
    }
  }

  /** The same of JSON text. @throws */
  readText(text: string): Present {
    return this.read(parseExactJson(text));
  }

  /** As it is to be kept. @throws when it could not be read again */
  keep(value: Present): object {
    return { v: this.newest, ...this.read({ ...value, v: this.newest }) };
  }

  /** The same as JSON text, with exact integers. */
  write(value: Present): string {
    return printExactJson(this.keep(value));
  }
}

function versionOf(kept: unknown): number {
  const { v } = (typeof kept === 'object' && kept !== null ? kept : {}) as { v?: unknown };
  return v === undefined ? 0 : Number(v);
}
