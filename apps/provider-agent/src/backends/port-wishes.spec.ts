import { inOrder } from './port-wishes.ts';

test('the port that the tenant knows comes first, and those that others know never', () => {
  expect(inOrder(10, 14, { own: 12, others: new Set([10, 13]) })).toEqual([12, 11, 14]);
  expect(inOrder(10, 12, { others: new Set([10]) })).toEqual([11, 12]);
  expect(inOrder(10, 12, undefined)).toEqual([10, 11, 12]);
});

test('a port of another range, as of another host, is no wish', () => {
  expect(inOrder(10, 12, { own: 2_222, others: new Set() })).toEqual([10, 11, 12]);
});
