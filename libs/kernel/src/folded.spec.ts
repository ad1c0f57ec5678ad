import { folded } from './folded.ts';

/** Work that ends when told. */
function controlled() {
  const ends: ((fault?: Error) => void)[] = [];
  const work = () =>
    new Promise<void>((resolve, reject) => {
      ends.push((fault) => (fault ? reject(fault) : resolve()));
    });
  return { work, ends };
}
const turns = async () => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

test('what comes while the work runs is one further run, which begins when this one is over', async () => {
  const { work, ends } = controlled();
  const run = folded(work);
  const first = run();
  const others = [run(), run(), run()];
  await turns();
  expect(ends).toHaveLength(1);
  ends[0]?.();
  await first;
  await turns();
  expect(ends).toHaveLength(2);
  ends[1]?.();
  await Promise.all(others);
  expect(ends).toHaveLength(2);
});

test('a run that fails is its callers’ matter: the next one begins all the same', async () => {
  const { work, ends } = controlled();
  const run = folded(work);
  const first = run();
  const second = run();
  ends[0]?.(new Error('down'));
  await expect(first).rejects.toThrow('down');
  await turns();
  ends[1]?.();
  await second;
  const third = run();
  expect(ends).toHaveLength(3);
  ends[2]?.();
  await third;
});
