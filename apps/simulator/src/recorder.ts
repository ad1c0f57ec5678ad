import type { Recorder } from './database.ts';
import { saidOf } from './process.ts';

/** Stands outside of the system and counts what took effect. */
export class EffectRecorder implements Recorder {
  readonly effects = new Map<string, number>();
  readonly saidSubjects = new Set<string>();
  readonly sights = new Map<string, number>();

  effect(consumer: string, messageId: string): void {
    const key = `${consumer} ${messageId}`;
    this.effects.set(key, (this.effects.get(key) ?? 0) + 1);
  }

  seen(what: string): void {
    this.sights.set(what, (this.sights.get(what) ?? 0) + 1);
  }

  said(subject: string): void {
    this.saidSubjects.add(saidOf(subject));
  }
}
