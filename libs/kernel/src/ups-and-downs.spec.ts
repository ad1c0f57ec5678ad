import { upsAndDowns } from './ups-and-downs.ts';

const changesOf = (...types: string[]) => {
  const changeBy = upsAndDowns();
  return types.map((type) => changeBy({ type })).filter((change) => change !== undefined);
};

test('a loss and a return are told once, however many attempts were refused in between', () => {
  const refused = ['disconnect', 'error', 'reconnecting'];
  const told = ['disconnect', 'reconnecting', ...refused, ...refused, 'reconnect', 'reconnect', 'reconnect'];
  expect(changesOf(...told)).toEqual(['down', 'up']);
});

test('the next loss is a loss again', () => {
  const told = ['update', 'disconnect', 'reconnect', 'reconnect', 'disconnect', 'error', 'reconnect'];
  expect(changesOf(...told)).toEqual(['down', 'up', 'down', 'up']);
});
