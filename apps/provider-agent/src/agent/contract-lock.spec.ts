import { Slots } from './contract-lock.ts';

const never = new AbortController().signal;

test('closed slots turn away what waits and what comes, and let what runs end', async () => {
  const slots = new Slots(1);
  let finish: () => void = () => undefined;
  const running = slots.run(never, () => new Promise<string>((resolve) => (finish = () => resolve('done'))));
  let begun = 0;
  const waiting = [1, 2].map(() => slots.run(never, async () => void begun++));
  slots.close(new Error('closing'));
  for (const one of waiting) await expect(one).rejects.toThrow('closing');
  await expect(slots.run(never, async () => void begun++)).rejects.toThrow('closing');
  finish();
  await expect(running).resolves.toBe('done');
  expect(begun).toBe(0);
});

test('a place that is called off while it waits leaves the others in their order', async () => {
  const slots = new Slots(1);
  const order: string[] = [];
  let finish: () => void = () => undefined;
  const first = slots.run(never, () => new Promise<void>((resolve) => (finish = resolve)));
  const off = new AbortController();
  const [second, third, fourth] = [
    slots.run(never, async () => void order.push('second')),
    slots.run(off.signal, async () => void order.push('third')),
    slots.run(never, async () => void order.push('fourth')),
  ];
  off.abort(new Error('called off'));
  await expect(third).rejects.toThrow('called off');
  finish();
  await Promise.all([first, second, fourth]);
  expect(order).toEqual(['second', 'fourth']);
});
