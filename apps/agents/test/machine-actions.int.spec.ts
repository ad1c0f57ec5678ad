import { randomUUID } from 'node:crypto';
import { type AgentCommand, type FactInput, facts } from '@decent-cloud/messages';
import { eventually } from '@decent-cloud/testing';
import { jest } from '@jest/globals';
import { MachineActionStore } from '../src/coordination/machine-actions/machine-action.store.ts';
import { hex64 } from './people.ts';
import type { ScriptedAgent } from './scripted-agent.ts';
import { Stage } from './stage.ts';

jest.setTimeout(120_000);
const KEY = 'ssh-ed25519 AAAAnew';
const RECIPIENT = 'ab'.repeat(32);
const stage = Stage.forFile();

type Running = Awaited<ReturnType<Stage['running']>>;

const wantedOf = (
  { contractId, accepted }: Pick<Running, 'contractId' | 'accepted'>,
  changes: Partial<FactInput<typeof facts.machineOperationRequested>> = {},
): FactInput<typeof facts.machineOperationRequested> => ({
  operationId: randomUUID(),
  contractId,
  kind: 'reset-password',
  requesterPublicKey: accepted.requesterPublicKey,
  requesterAccountId: accepted.requesterAccountId,
  providerPublicKey: accepted.providerPublicKey,
  encryptionPublicKeys: [RECIPIENT],
  atNs: stage.clock(),
  ...changes,
});
const rotationOf = (running: Running, changes: { sshPublicKey?: string; atNs?: bigint } = {}) =>
  wantedOf(running, { kind: 'rotate-ssh-key', sshPublicKey: KEY, encryptionPublicKeys: [], ...changes });

const commandsOf = (agent: ScriptedAgent, operationId: string): AgentCommand[] =>
  agent.commands.filter(({ operation }) => operation?.operationId === operationId);
const commandOf = (agent: ScriptedAgent, operationId: string) =>
  eventually(() => commandsOf(agent, operationId)[0], { what: 'a command', deadlineMs: 60_000 });

const doneEvent = (
  agent: ScriptedAgent,
  wanted: { operationId: string; contractId: string; kind: string },
  payload: object = {},
  generation = 1,
) =>
  agent.event('operation-done', {
    contractId: wanted.contractId,
    generation,
    payload: { operationId: wanted.operationId, kind: wanted.kind, ...payload },
  });
const endOf = (contractId: string, operationId: string) =>
  stage.said(facts.machineOperationFinished, contractId).filter((one) => one.operationId === operationId);
const finished = (contractId: string, operationId: string) =>
  eventually(() => endOf(contractId, operationId)[0], { what: 'the end of it', deadlineMs: 60_000 });
const specOf = async (agent: ScriptedAgent, contractId: string) =>
  (await agent.snapshot()).machines.find((machine) => machine.contractId === contractId);

describe('operations inside of machines', () => {
  test('a reset is ordered from the agent of the machine; its credentials are passed on, once', async () => {
    const running = await stage.running();
    const { agent, contractId } = running;
    const wanted = wantedOf(running);
    await stage.say(facts.machineOperationRequested, wanted, 'same-fact');
    await stage.say(facts.machineOperationRequested, wanted);
    const command = await commandOf(agent, wanted.operationId);
    expect(command).toMatchObject({
      kind: 'reset-password',
      agentPublicKey: agent.publicKey,
      operation: {
        contractId,
        generation: 1,
        requestedAtNs: wanted.atNs.toString(),
        encryptionPublicKeys: [RECIPIENT],
      },
    });
    expect(command.machine).toBeUndefined();
    const credentials = [
      { recipientPublicKey: RECIPIENT, envelope: 'sealed' },
      { recipientPublicKey: hex64(), envelope: 'for somebody else' },
    ];
    await agent.report(doneEvent(agent, wanted, { credentials }), { times: 2 });
    const end = await finished(contractId, wanted.operationId);
    expect(end).toMatchObject({ outcome: 'done', generation: 1, credentials: [credentials[0]] });
    await stage.settled();
    expect(endOf(contractId, wanted.operationId)).toHaveLength(1);
    expect(commandsOf(agent, wanted.operationId)).toHaveLength(1);
  });

  test('a key that is changed is in every machine that is made from then on', async () => {
    const running = await stage.running();
    const { agent, contractId } = running;
    const before = await agent.snapshot();
    const wanted = rotationOf(running);
    await stage.say(facts.machineOperationRequested, wanted);
    expect((await commandOf(agent, wanted.operationId)).operation?.sshPublicKey).toBe(KEY);
    expect((await specOf(agent, contractId))?.spec?.sshPublicKeys).not.toEqual([KEY]);
    await agent.report(doneEvent(agent, wanted, { keySetSha256: 'ab'.repeat(32) }));
    await finished(contractId, wanted.operationId);
    const after = await agent.snapshot();
    expect((await specOf(agent, contractId))?.spec).toEqual({
      ...running.accepted.spec,
      sshPublicKeys: [KEY],
    });
    expect(BigInt(after.version)).toBeGreaterThan(BigInt(before.version));

    // An older one that comes late changes nothing.
    const late = rotationOf(running, { sshPublicKey: 'ssh-ed25519 AAAAold', atNs: BigInt(wanted.atNs) - 1n });
    await stage.say(facts.machineOperationRequested, late);
    expect(await finished(contractId, late.operationId)).toMatchObject({
      outcome: 'failed',
      failure: { code: 'SUPERSEDED' },
    });
    expect((await specOf(agent, contractId))?.spec?.sshPublicKeys).toEqual([KEY]);
  });

  test('without an answer it is ordered again, ever more slowly, and given up at the deadline; done counts all the same', async () => {
    const running = await stage.running();
    const { agent, contractId } = running;
    const wanted = wantedOf(running);
    await stage.say(facts.machineOperationRequested, wanted);
    await commandOf(agent, wanted.operationId);
    for (const [seconds, commands] of [
      [16, 2],
      [31, 3],
      [61, 4],
    ] as const) {
      stage.advance(seconds);
      await eventually(() => commandsOf(agent, wanted.operationId).length === commands, {
        what: `${commands} commands`,
        deadlineMs: 60_000,
      });
    }
    const commandIds = commandsOf(agent, wanted.operationId).map(({ commandId }) => commandId);
    expect(new Set(commandIds).size).toBe(4);
    stage.advance(3_600);
    expect(await finished(contractId, wanted.operationId)).toMatchObject({
      outcome: 'failed',
      failure: { code: 'NO_ANSWER' },
    });
    await agent.report(
      doneEvent(agent, wanted, { credentials: [{ recipientPublicKey: RECIPIENT, envelope: 'late' }] }),
    );
    await eventually(() => endOf(contractId, wanted.operationId).length === 2, { deadlineMs: 60_000 });
    expect(endOf(contractId, wanted.operationId)[1]).toMatchObject({ outcome: 'done' });
    expect(await stage.metric('dc_machine_operations_pending', 'kind="reset-password"')).toBe(0);
  });

  test('what an agent could not do is told with its reason; the end of the contract ends the waiting', async () => {
    const running = await stage.running();
    const { agent, contractId, accepted } = running;
    const [failing, waiting] = [wantedOf(running), rotationOf(running)];
    await stage.say(facts.machineOperationRequested, failing);
    await stage.say(facts.machineOperationRequested, waiting);
    await commandOf(agent, failing.operationId);
    await commandOf(agent, waiting.operationId);
    await agent.report(
      agent.event('operation-failed', {
        contractId,
        generation: 1,
        payload: {
          operationId: failing.operationId,
          kind: failing.kind,
          class: 'config',
          code: 'UNSUPPORTED',
          message: 'no passwords here',
        },
      }),
    );
    expect(await finished(contractId, failing.operationId)).toMatchObject({
      outcome: 'failed',
      credentials: [],
      failure: { code: 'UNSUPPORTED', message: 'no passwords here' },
    });
    await stage.say(facts.contractEnded, stage.ended(accepted));
    expect(await finished(contractId, waiting.operationId)).toMatchObject({
      failure: { code: 'CONTRACT_ENDED' },
    });
    const tooLate = wantedOf(running);
    await stage.say(facts.machineOperationRequested, tooLate);
    expect(await finished(contractId, tooLate.operationId)).toMatchObject({
      failure: { code: 'NOT_RUNNING' },
    });
    expect(commandsOf(agent, tooLate.operationId)).toEqual([]);
  });

  test('nobody answers for another machine, another generation or another operation', async () => {
    const running = await stage.running();
    const { agent, contractId, provider, pool } = running;
    const other = await stage.agent(provider, pool.poolId, 0);
    const second = stage.accepted(provider);
    await stage.say(facts.contractAccepted, second);
    await agent.command(second.contractId, 'provision');
    const wanted = wantedOf(running);
    await stage.say(facts.machineOperationRequested, wanted);
    await commandOf(agent, wanted.operationId);
    const foreign = () => stage.metric('dc_agent_messages_disbelieved_total', 'reason="foreign-machine"');
    const before = await foreign();
    await other.report(doneEvent(other, wanted));
    await agent.report(doneEvent(agent, wanted, {}, 2));
    await agent.report(doneEvent(agent, { ...wanted, operationId: randomUUID() }));
    await agent.report(doneEvent(agent, { ...wanted, kind: 'rotate-ssh-key' }));
    await agent.report(doneEvent(agent, { ...wanted, contractId: second.contractId }));
    await eventually(async () => (await foreign()) === before + 5, { deadlineMs: 60_000 });
    expect(endOf(contractId, wanted.operationId)).toEqual([]);
  });

  test('an agent without an account at the broker finds what waits for it, and answers for the youngest', async () => {
    const running = await stage.running();
    const { agent, contractId, provider } = running;
    const store = stage.service.get(MachineActionStore);
    await stage.query(
      'update agent set account_public_key = null, account_jwt = null where agent_public_key = $1',
      [agent.publicKey],
    );
    const older = rotationOf(running);
    const younger = rotationOf(running, { atNs: BigInt(older.atNs) + 1n, sshPublicKey: `${KEY}2` });
    await stage.say(facts.machineOperationRequested, older);
    await stage.say(facts.machineOperationRequested, younger);
    const waiting = await eventually(
      async () => {
        const [one] = await store.pendingOf(agent.publicKey, 'rotate-ssh-key');
        return one?.actionId === younger.operationId && one;
      },
      { deadlineMs: 60_000 },
    );
    expect(waiting).toMatchObject({ contractId, sshPublicKey: `${KEY}2`, state: 'pending' });
    expect(await store.pendingOfProvider(provider, 'rotate-ssh-key')).toHaveLength(1);
    expect(await store.pendingOf(agent.publicKey, 'reset-password')).toEqual([]);
    expect(await store.pendingOf(hex64(), 'rotate-ssh-key')).toEqual([]);
    expect(commandsOf(agent, younger.operationId)).toEqual([]);
  });
});

describe('beside it', () => {
  test('the end of a script is passed on', async () => {
    const { agent, contractId } = await stage.running();
    const payload = { success: false, exitCode: 2, log: 'a\n\u0001' };
    await agent.report(agent.event('script-done', { contractId, generation: 1, payload }), { times: 2 });
    expect(await stage.saidOnce(facts.machineScriptFinished, contractId)).toMatchObject({
      ...payload,
      generation: 1,
      agentPublicKey: agent.publicKey,
    });
  });

  test('what is told of the inside of a machine after its end reaches nobody', async () => {
    const running = await stage.running();
    const { agent, contractId, accepted } = running;
    const wanted = rotationOf(running);
    await stage.say(facts.machineOperationRequested, wanted);
    await commandOf(agent, wanted.operationId);
    await stage.say(facts.contractEnded, stage.ended(accepted));
    await agent.command(contractId, 'terminate');
    await finished(contractId, wanted.operationId);
    await agent.report(doneEvent(agent, wanted, { keySetSha256: 'ab'.repeat(32) }));
    const payload = { success: true, exitCode: 0, log: 'late' };
    await agent.report(agent.event('script-done', { contractId, generation: 1, payload }));
    await agent.report(agent.terminated(contractId));
    await stage.saidOnce(facts.machineRemoved, contractId);
    await stage.settled();
    expect(stage.said(facts.machineScriptFinished, contractId)).toEqual([]);
    const ends = endOf(contractId, wanted.operationId);
    expect(ends.map(({ outcome, failure }) => [outcome, failure?.code])).toEqual([
      ['failed', 'CONTRACT_ENDED'],
    ]);
  });

  test('a log that fits no message is not believed', async () => {
    const { agent, contractId } = await stage.running();
    const before = await stage.metric('dc_agent_messages_disbelieved_total', 'reason="malformed"');
    const payload = { success: true, exitCode: 0, log: '\u0001'.repeat(150_000) };
    await agent.report(agent.event('script-done', { contractId, generation: 1, payload }));
    await eventually(
      async () =>
        (await stage.metric('dc_agent_messages_disbelieved_total', 'reason="malformed"')) === before + 1,
      { deadlineMs: 60_000 },
    );
    expect(stage.said(facts.machineScriptFinished, contractId)).toEqual([]);
  });

  test('the end of the paid time goes to the agent at once and is in its snapshot; the newest word counts', async () => {
    const { agent, contractId } = await stage.running();
    expect((await specOf(agent, contractId))?.endsAtNs).toBeUndefined();
    const before = await agent.snapshot();
    const say = (version: number, endsAtNs: bigint) =>
      stage.say(facts.paidTimeChanged, { contractId, version, endsAtNs, atNs: stage.clock() });
    const told = () =>
      agent.commandsFor(contractId, 'provision').flatMap(({ machine }) => machine?.endsAtNs ?? []);
    await say(6, 2_000n);
    await eventually(() => told().length === 1, { deadlineMs: 60_000 });
    await say(5, 1_000n);
    await say(6, 1_000n);
    await say(9, 3_000n);
    await eventually(() => told().length === 2, { deadlineMs: 60_000 });
    expect(told()).toEqual(['2000', '3000']);
    const after = await agent.snapshot();
    expect(await specOf(agent, contractId)).toMatchObject({ desired: 'running', endsAtNs: '3000' });
    expect(BigInt(after.version)).toBe(BigInt(before.version) + 2n);
  });
});
