import { Refusal } from './refusal.ts';

/** A life in one table: each state with the states it may move to. */
export type TransitionTable<State extends string> = Readonly<Record<State, readonly State[]>>;

export interface Lifecycle<State extends string> {
  readonly table: TransitionTable<State>;
  readonly states: readonly State[];
  /** States that are never left. */
  readonly finals: readonly State[];
  canMove(from: State, to: State): boolean;
  isFinal(state: State): boolean;
  /** @throws Refusal CONFLICT naming the states that would be legal. */
  assertMove(from: State, to: State): void;
}

/** Checks a transition table (every state reachable, no move to an unknown state) and derives what follows from it. */
export function defineLifecycle<State extends string>(
  initial: State,
  table: TransitionTable<State>,
): Lifecycle<State> {
  const states = Object.keys(table) as State[];
  const reached = new Set<State>([initial]);
  for (const state of reached) for (const next of table[state] ?? []) reached.add(next);
  const unreachable = states.filter((state) => !reached.has(state));
  const unknown = [...reached].filter((state) => !(state in table));
  if (unreachable.length > 0 || unknown.length > 0) {
    throw new Error(`broken transition table: unreachable [${unreachable}], unknown [${unknown}]`);
  }
  const canMove = (from: State, to: State): boolean => table[from].includes(to);
  return {
    table,
    states,
    finals: states.filter((state) => table[state].length === 0),
    canMove,
    isFinal: (state) => table[state].length === 0,
    assertMove(from, to) {
      if (canMove(from, to)) return;
      const legal = table[from].length > 0 ? table[from].join(', ') : 'none';
      throw new Refusal(
        'CONFLICT',
        'TRANSITION_NOT_ALLOWED',
        `Cannot move from ${from} to ${to}. Allowed from ${from}: ${legal}`,
      );
    },
  };
}
