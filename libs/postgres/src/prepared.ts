import { createHash } from 'node:crypto';

/** A statement that a connection parses and plans once. For what runs often; its values must not decide the plan. */
export interface Prepared {
  readonly name: string;
  readonly text: string;
}

export const prepared = (text: string): Prepared => ({
  name: createHash('sha256').update(text).digest('hex').slice(0, 32),
  text,
});

/** Prepared statements for texts that are put together; past so many, further ones stay unprepared. */
export class PreparedTexts {
  private readonly known = new Map<string, Prepared>();

  constructor(private readonly max: number) {}

  of(text: string): Prepared | string {
    const known = this.known.get(text);
    if (known) return known;
    if (this.known.size >= this.max) return text;
    const made = prepared(text);
    this.known.set(text, made);
    return made;
  }
}
