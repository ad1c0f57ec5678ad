import { type Ambient, systemAmbient } from '../ambient.ts';

/** Has it ended, well or not, before the time is over? It is not waited for any longer, and not ended either. */
export async function isDoneWithin(
  work: Promise<unknown>,
  ms: number,
  { after }: Pick<Ambient, 'after'> = systemAmbient,
): Promise<boolean> {
  let callOff = (): void => undefined;
  const timeIsOver = new Promise<false>((resolve) => {
    callOff = after(ms, () => resolve(false));
  });
  const done = work.then(
    () => true as const,
    () => true as const,
  );
  try {
    return await Promise.race([done, timeIsOver]);
  } finally {
    callOff();
  }
}
