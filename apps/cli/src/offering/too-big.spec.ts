import { whyTooBig } from './too-big.ts';

const host = (cpuCores: number, memoryTotalMb: number, active = true) => ({
  active,
  hostSize: { cpuCores, memoryTotalMb },
});
const unknown = { active: true };
const small = host(2, 4_096);

test.each([
  [{ processor_cores: 64 }, [small], '2 CPUs and 4096 MiB'],
  [{ processor_cores: 1, memory_amount: '8 GB' }, [small, small], '2 CPUs and 4096 MiB'],
  // Each fits somewhere, both together nowhere.
  [
    { processor_cores: 8, memory_amount: '8 GB' },
    [host(8, 4_096), host(2, 16_384)],
    '8 CPUs and 4096 MiB; 2',
  ],
  [{ processor_cores: 64 }, [small, host(64, 99_999, false)], '2 CPUs'],
])('%j is too big for every host', (offering, agents, hosts) => {
  expect(whyTooBig(offering, agents)).toContain(
    `no agent can make this machine, so every rental will fail and be refunded: the hosts have ${hosts}`,
  );
});

test.each([
  ['it fits exactly', { processor_cores: 2, memory_amount: '4 GB' }, [small]],
  ['one of several can', { processor_cores: 64 }, [small, host(64, 1)]],
  ['it says no size', {}, [small]],
  ['its memory is no size', { memory_amount: 'plenty' }, [small]],
  ['a host is not known', { processor_cores: 64 }, [small, unknown]],
  ['there are no agents', { processor_cores: 64 }, []],
  ['there are none that act', { processor_cores: 64 }, [host(2, 4_096, false)]],
])('nothing is said when %s', (_, offering, agents) => {
  expect(whyTooBig(offering, agents)).toBeUndefined();
});

test('many hosts are not all listed', () => {
  const hosts = Array.from({ length: 40 }, (_, index) => host(1, index + 1));
  expect(whyTooBig({ processor_cores: 2 }, hosts)).toMatch(/1 CPUs and 5 MiB; …$/);
});
