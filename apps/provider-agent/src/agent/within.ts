/** Has it ended, well or not, before the time is over? It is not waited for any longer, and not ended either. */
export async function isDoneWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  let late: NodeJS.Timeout | undefined;
  const timeIsOver = new Promise<false>((resolve) => {
    late = setTimeout(() => resolve(false), ms);
  });
  const done = work.then(
    () => true as const,
    () => true as const,
  );
  try {
    return await Promise.race([done, timeIsOver]);
  } finally {
    clearTimeout(late);
  }
}
