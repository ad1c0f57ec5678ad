import { poolIdOf } from './pool-id.ts';

const OPERATION = '0190a5b0-7c1d-7e3a-8f00-0000dcf30c37';

test.each([
  ['sample pool', 'samplepool-dcf30c37'],
  ['EU-West 1', 'eu-west1-dcf30c37'],
  ['Zürich', 'zrich-dcf30c37'],
  ['東京', 'pool-dcf30c37'],
])('%s becomes %s', (name, id) => {
  expect(poolIdOf(name, OPERATION)).toBe(id);
});
