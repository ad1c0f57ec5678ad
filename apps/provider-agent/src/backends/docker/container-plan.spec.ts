import type { MachineMarks } from '../../domain/machine.ts';
import { type ContainerPlan, containerOptions, imageFor } from './container-plan.ts';
import { foundMachine, labelsFor, marksOf } from './labels.ts';
import type { DockerBackendOptions } from './settings.ts';
import { mayLimitDisk } from './verify.ts';

const marks: MachineMarks = {
  contractId: 'ab'.repeat(32),
  generation: 2,
  environment: 'test',
  agent: '0123456789abcdef',
};
const options = {
  network: 'rentals',
  sshPort: 2_222,
  publishAddress: '192.0.2.1',
  pidsLimit: 64,
} as DockerBackendOptions;
const plan: ContainerPlan = {
  spec: { offeringId: 'o', cpuCores: 2, memoryMb: 1_024, storageGb: 20, sshPublicKeys: ['k1'] },
  marks,
  keyLines: ['k1', 'k2'],
  image: 'image:1',
  port: 32_000,
  limitsDisk: true,
};

test('a command becomes a container with its limits, marks and one published port', () => {
  const made = containerOptions(plan, options);
  expect(made).toMatchObject({
    name: `dc-${'ab'.repeat(16)}-g2`,
    Image: 'image:1',
    Entrypoint: [],
    Env: ['SSH_PUBLIC_KEY=k1\nk2'],
    ExposedPorts: { '2222/tcp': {} },
    HostConfig: {
      PortBindings: { '2222/tcp': [{ HostIp: '192.0.2.1', HostPort: '32000' }] },
      NetworkMode: 'rentals',
      NanoCpus: 2_000_000_000,
      Memory: 1_073_741_824,
      MemorySwap: 1_073_741_824,
      PidsLimit: 64,
      StorageOpt: { size: '20G' },
    },
  });
  expect(marksOf(made.Labels ?? {}, made.name ?? '')).toEqual(marks);
  const unlimited = containerOptions({ ...plan, limitsDisk: false }, options);
  expect(unlimited.HostConfig).not.toHaveProperty('StorageOpt');
});

test('a machine that was not told its size gets a small one', () => {
  const { HostConfig } = containerOptions(
    { ...plan, spec: { offeringId: 'o', sshPublicKeys: ['k1'] } },
    options,
  );
  expect(HostConfig).toMatchObject({ NanoCpus: 1_000_000_000, Memory: 512 * 1024 ** 2 });
});

test('the generation in the name counts when it is newer than that of the labels', () => {
  const labels = labelsFor(marks, 1);
  const name = (generation: number | string) => `dc-${'ab'.repeat(16)}-g${generation}`;
  expect(marksOf(labels, name(5))?.generation).toBe(5);
  expect(marksOf(labels, name(1))?.generation).toBe(2);
  expect(marksOf(labels, name('x'))?.generation).toBe(2);
  expect(marksOf(labels, 'renamed-by-hand')?.generation).toBe(2);
  expect(marksOf({ ...labels, 'dc-gen': 'x' }, name(5))).toBeUndefined();
});

test('a machine of an old version is found without marks', () => {
  const container = {
    Id: 'id',
    Names: [`/dc-${'ab'.repeat(32)}`],
    State: 'exited',
    Labels: { 'dc-agent': 'true', 'dc-contract-id': 'ab'.repeat(32) },
  };
  expect(foundMachine(container as never)).toEqual({ externalId: 'id', power: 'stopped' });
});

test("the offering's image is taken before the configured one", () => {
  const of = (provisionerConfig?: string) =>
    imageFor(
      { offeringId: 'o', sshPublicKeys: [], ...(provisionerConfig && { provisionerConfig }) },
      'default:1',
    );
  expect(of()).toBe('default:1');
  expect(of('{"size":"s"}')).toBe('default:1');
  expect(of('{"image":"other:2"}')).toBe('other:2');
  for (const wrong of ['image: x', '[]', '{"image":""}', '{"image":7}']) {
    expect(() => of(wrong)).toThrow('settings of the offering');
  }
});

test('only some kinds of storage can limit the disk', () => {
  const info = (Driver: string, backing: string) =>
    mayLimitDisk({ Driver, DriverStatus: [['Backing Filesystem', backing]] } as never);
  expect([info('overlay2', 'xfs'), info('btrfs', ''), info('overlay2', 'extfs'), info('vfs', 'xfs')]).toEqual(
    [true, true, false, false],
  );
});
