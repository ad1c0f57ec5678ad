import { tellAgentDoubled } from './agent-texts.ts';

const fact = {
  agentPublicKey: 'ab'.repeat(32),
  providerPublicKey: 'cd'.repeat(32),
  label: 'rack 7',
  host: 'alpha',
  otherHost: 'beta',
  atNs: 1n,
};

test('a provider reads which host works, which was turned away, and what to do', () => {
  const { body, mail } = tellAgentDoubled({ ...fact, what: 'refused' });
  expect(body).toBe(
    'Another process on the host "beta" wanted to act as the agent "rack 7" and was turned away: the agent works on the host "alpha". Was its data folder copied? Stop one of the two, or give the other host an agent of its own: `dc-agent setup token`.',
  );
  expect(mail).toBe('now');
});

test('names of hosts are the words of others: one line', () => {
  const { body } = tellAgentDoubled({ ...fact, what: 'taken-over', label: undefined, otherHost: 'be\r\nta' });
  expect(body).toContain('The agent abababababababab... works on the host "be ta" from now on');
});

test('where nothing is known of hosts, nothing is said of them', () => {
  const bare = { agentPublicKey: fact.agentPublicKey, providerPublicKey: fact.providerPublicKey, atNs: 1n };
  expect(tellAgentDoubled({ ...bare, what: 'two-poll' }).body).toContain(
    'Two processes seem to poll as the agent abab',
  );
  expect(tellAgentDoubled({ ...bare, what: 'polls-beside' }).body).toContain('while the agent works, and');
});
