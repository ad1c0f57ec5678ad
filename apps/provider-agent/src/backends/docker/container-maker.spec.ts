import { ContainerMaker } from './container-maker.ts';
import type { Engine } from './engine.ts';
import { EngineError } from './engine-error.ts';
import type { Ports } from './ports.ts';
import type { DockerBackendOptions } from './settings.ts';

const CONTRACT = 'ab'.repeat(32);
const marks = { contractId: CONTRACT, generation: 1, environment: 'test', agent: 'a'.repeat(16) };
const plan = {
  spec: { offeringId: 'small', sshPublicKeys: ['ssh-ed25519 AAAA'] },
  marks,
  keyLines: ['ssh-ed25519 AAAA'],
  image: 'ubuntu',
  limitsDisk: false,
};

/** An engine that refuses the name with 409, and shows its holder after so many looks. */
function refusing(holder: { readonly contractId: string } | undefined, afterLooks: number) {
  let looks = 0;
  const engine = {
    list: async () => [],
    create: async () => {
      throw new EngineError({ class: 'transient', code: 'CONFLICT', message: 'name in use' }, 409);
    },
    container: async () =>
      ++looks > afterLooks && holder
        ? { Id: 'held', Config: { Labels: { 'dc-contract-id': holder.contractId } } }
        : undefined,
    start: async () => undefined,
  } as unknown as Engine;
  const maker = new ContainerMaker({
    options: { maxMachines: 3, publishAddress: '127.0.0.1', sshPort: 22 } as DockerBackendOptions,
    ports: { take: async () => 2_200, giveBack: () => undefined } as unknown as Ports,
    list: async () => [],
    remove: async () => undefined,
  });
  return maker.makeStarted(engine, plan);
}

test('a name that is reserved before its container is shown is looked at again: it is the one that was begun', async () => {
  await expect(refusing({ contractId: CONTRACT }, 3)).resolves.toBe('held');
});

test('a name that another container has is taken for good', async () => {
  await expect(refusing({ contractId: 'cd'.repeat(32) }, 1)).rejects.toMatchObject({
    failure: { class: 'permanent', code: 'NAME_TAKEN' },
  });
});

test('a name of which the engine shows nothing is tried again later', async () => {
  await expect(refusing(undefined, 0)).rejects.toMatchObject({
    failure: { class: 'transient', code: 'NAME_RESERVED' },
  });
}, 20_000);
