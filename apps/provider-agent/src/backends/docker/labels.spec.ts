import type { ContainerInfo } from 'dockerode';
import { isTouchable, labelsFor, machinesAmong } from './labels.ts';

const own = { environment: 'test', agent: 'a'.repeat(16) };
const CONTRACT = 'ab'.repeat(32);
const made = labelsFor({ contractId: CONTRACT, generation: 1, ...own }, 2_200);
const without = (...names: string[]) =>
  Object.fromEntries(Object.entries(made).filter(([name]) => !names.includes(name)));

const CONTAINERS: readonly (readonly [id: string, name: string, labels: Record<string, string>])[] = [
  ['own', 'dc-own-g1', made],
  ['own-without-generation', 'x', without('dc-gen')],
  ['old', `dc-${CONTRACT}`, without('dc-env', 'dc-agent-key', 'dc-gen', 'dc-port')],
  ['old-renamed', 'web', without('dc-env', 'dc-agent-key', 'dc-gen', 'dc-port')],
  ['other-agent', 'x', { ...made, 'dc-agent-key': 'b'.repeat(16) }],
  ['other-environment', 'x', { ...made, 'dc-env': 'prod' }],
  ['half-another-agent', 'x', { ...without('dc-env'), 'dc-agent-key': 'b'.repeat(16) }],
  ['label-alone', 'web', { 'dc-agent': 'true' }],
];
const containers = CONTAINERS.map(
  ([Id, name, Labels]) => ({ Id, Names: [`/${name}`], Labels, State: 'running' }) as unknown as ContainerInfo,
);

test('of the containers of an engine everything is told, and whose it is', () => {
  const { ours, others } = machinesAmong(containers, own);
  expect(ours.map(({ externalId, marks }) => [externalId, marks?.agent])).toEqual([
    ['own', own.agent],
    ['own-without-generation', undefined],
    ['old', undefined],
  ]);
  const left = others.map(({ externalId, marks, whyLeftAlone }) => [
    externalId,
    marks?.agent,
    whyLeftAlone !== undefined,
  ]);
  expect(left).toEqual([
    ['old-renamed', undefined, false],
    ['other-agent', 'b'.repeat(16), true],
    ['other-environment', own.agent, true],
    ['half-another-agent', undefined, true],
    ['label-alone', undefined, true],
  ]);
});

test('what is told as touchable is exactly what may be removed', () => {
  const { ours, others } = machinesAmong(containers, own);
  const told = [...ours, ...others.filter(({ whyLeftAlone }) => whyLeftAlone === undefined)];
  const touchable = containers.filter(({ Labels }) => isTouchable(Labels, own));
  expect(told.map(({ externalId }) => externalId)).toEqual(touchable.map(({ Id }) => Id));
});
