import { agentConfigAt } from './agent-config.ts';

const MOVED = `[api]
endpoint = "http://127.0.0.1:59011"
provider_pubkey = "ab12"
agent_secret_key = "/old place/demo/agent/agent.key"
pool_id = "demo-1"

[agent]
data_dir = "/old place/demo/agent/data"
max_parallel_provisions = 9
# endpoint = mine

[provisioner]
type = "local"
`;
const PLACE = { apiUrl: 'http://127.0.0.1:60011', keyFile: 'agent.key', dataDir: 'data' };

test('a moved folder and another port change three lines, and nothing that somebody has set', () => {
  expect(agentConfigAt(MOVED, PLACE)).toBe(
    MOVED.replace('59011', '60011')
      .replace('/old place/demo/agent/agent.key', 'agent.key')
      .replace('/old place/demo/agent/data', 'data'),
  );
});

test('where all is right nothing changes', () => {
  const right = agentConfigAt(MOVED, PLACE);
  expect(agentConfigAt(right, PLACE)).toBe(right);
});
