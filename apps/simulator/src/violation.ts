/** Something that must hold and does not. */
export interface Violation {
  readonly rule: string;
  readonly detail: string;
}

/** Notes a violation. */
export type Note = (rule: string, detail: string) => void;
