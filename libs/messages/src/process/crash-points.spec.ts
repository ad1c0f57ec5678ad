import { actName, actsOf, crashPointsOf, repeatPointOf } from './crash-points.ts';
import { type Act, endings, rentalProcess, tellings } from './rental-process.ts';

const acts = actsOf(rentalProcess, [...endings, ...tellings]);

test('each act is named once, and has points of its own', () => {
  const names = acts.map(actName);
  expect(new Set(names).size).toBe(names.length);
  for (const act of acts) {
    const own = crashPointsOf([act]).filter((point) => point.startsWith(`${actName(act)}:`));
    expect(own.length).toBeGreaterThanOrEqual(2);
    expect(own).toContain(repeatPointOf(act));
  }
});

test('no point is there twice; taking an act out takes its points out', () => {
  const all = crashPointsOf(acts);
  expect(new Set(all).size).toBe(all.length);
  for (const act of acts) {
    const others = crashPointsOf(acts.filter((one) => one !== act));
    expect(others).not.toContain(repeatPointOf(act));
  }
});

test('points of a request, a fact and a command', () => {
  const request: Act = {
    service: 'contracts',
    on: { kind: 'request', subject: 'req.x' },
    commits: 2,
    asks: ['req.y'],
  };
  expect(crashPointsOf([request])).toEqual([
    'contracts:req.x:before-commit',
    'contracts:req.x:before-commit-2',
    'contracts:req.x:after-commit',
    'contracts:req.x:before-reply',
    'contracts:req.x:after-reply',
    'contracts:ask:req.y:before',
    'contracts:ask:req.y:after',
  ]);
  const fact: Act = {
    service: 'agents',
    on: { kind: 'fact', subject: 'evt.x' },
    says: [{ kind: 'command', name: 'provision' }],
  };
  expect(crashPointsOf([fact])).toEqual([
    'agents:evt.x:before-commit',
    'agents:evt.x:after-commit',
    'agents:evt.x:after-ack',
    'agents:publish:agent.cmd.v1.*.provision:before',
    'agents:publish:agent.cmd.v1.*.provision:after-publish',
    'agents:publish:agent.cmd.v1.*.provision:after-mark',
  ]);
  const command: Act = {
    service: 'provider-agent',
    on: { kind: 'command', name: 'provision' },
    journals: ['creating'],
    backend: 'provision',
    says: [{ kind: 'event', name: 'claimed' }],
  };
  expect(crashPointsOf([command])).toEqual([
    'provider-agent:command:provision:before-ack',
    'provider-agent:command:provision:after-ack',
    'provider-agent:publish:claimed:before',
    'provider-agent:publish:claimed:after',
    'provider-agent:journal:creating:before',
    'provider-agent:journal:creating:after',
    'provider-agent:backend:provision:before',
    'provider-agent:backend:provision:after',
  ]);
});
