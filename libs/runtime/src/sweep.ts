import { Injectable } from '@nestjs/common';

/** A reconciler: no input, looks, compares, acts. One replica runs it at a time; it goes on where it stopped. */
export interface Sweep {
  sweep(now: bigint): Promise<void>;
}

export interface SweepDeclaration {
  readonly name: string;
  /** Seconds between runs, or how to get them from the settings. */
  readonly everySeconds: number | ((settings: never) => number);
}

export const SWEEPS = Symbol('sweeps');

/** Makes the class a reconciler that runs at start and then on a timer. */
export function Sweeps(declaration: SweepDeclaration) {
  return (target: new (...args: never[]) => Sweep): void => {
    Injectable()(target);
    Reflect.defineMetadata(SWEEPS, declaration, target);
  };
}
