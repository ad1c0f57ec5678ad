import { createHash } from 'node:crypto';

/** SQL text. A connection parses and plans it once, so values never stand in the text. */
export type Statement = string | PlannedEachTime;

/** A statement whose values decide its plan, such as a search. */
export interface PlannedEachTime {
  readonly plannedEachTime: string;
}

export const plannedEachTime = (text: string): PlannedEachTime => ({ plannedEachTime: text });

/** The names under which a connection keeps statements; past so many texts, further ones have none and are not kept. */
export class StatementNames {
  private readonly names = new Map<string, string>();

  constructor(private readonly max: number) {}

  /** The same for all processes: some poolers share connections among them. */
  of(text: string): string | undefined {
    const known = this.names.get(text);
    if (known !== undefined || this.names.size >= this.max) return known;
    const name = createHash('sha256').update(text).digest('hex').slice(0, 32);
    this.names.set(text, name);
    return name;
  }
}
