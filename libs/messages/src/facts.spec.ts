import { parseExactJson, printExactJson } from '@decent-cloud/kernel';
import type { z } from 'zod';
import * as facts from './facts.ts';
import { consumers, streams } from './topology/topology.ts';
import { type FactDeclaration, isFact } from './wire/fact.ts';

const all = Object.entries(facts as Record<string, unknown>).filter(
  (entry): entry is [string, FactDeclaration] => isFact(entry[1]),
);

describe('facts', () => {
  it.each(all)('%s: its sample survives the wire and parses', (_name, declaration) => {
    const schema = declaration.payload as unknown as z.ZodType;
    const overTheWire = parseExactJson(printExactJson(declaration.sample));
    expect(schema.parse(overTheWire)).toEqual(schema.parse(declaration.sample));
  });

  it.each(all)('%s: an empty payload is refused', (_name, declaration) => {
    expect((declaration.payload as unknown as z.ZodType).safeParse({}).success).toBe(false);
  });

  it('of a new status may say where the machine lets its tenant in: nothing else, and nothing for a shell', () => {
    const { payload, sample } = facts.contractStatusChanged;
    const schema = payload as unknown as z.ZodType<Record<string, unknown>>;
    const hostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOhB7';
    const sshLogin = { host: '192.0.2.7', port: 2222, user: 'root', hostKey };
    const saying = (login: object) =>
      schema.safeParse({ ...(sample as object), to: 'provisioned', sshLogin: login });
    expect(schema.parse(sample)).not.toHaveProperty('sshLogin');
    expect(saying({ ...sshLogin, password: 'secret' }).data?.sshLogin).toEqual(sshLogin);
    for (const bad of [
      { host: "x';id;'" },
      { host: '-oX' },
      { user: '$(id)' },
      { hostKey: `${hostKey}\nid` },
    ]) {
      expect(saying({ ...sshLogin, ...bad }).success).toBe(false);
    }
  });

  it('have unique subjects in the place of their sender', () => {
    const subjects = all.map(([, declaration]) => declaration.subject);
    expect(new Set(subjects).size).toBe(subjects.length);
    for (const subject of subjects) expect(subject).toMatch(/^evt\.[a-z]+\.v\d+\.[a-z-]+$/);
  });
});

describe('topology', () => {
  it('gives every consumer subjects that its stream carries', () => {
    for (const consumer of Object.values(consumers)) {
      const prefixes = streams[consumer.stream].subjects.map((subject) => subject.replace(/[*>].*$/, ''));
      for (const subject of consumer.filterSubjects) {
        expect(prefixes.some((prefix) => subject.startsWith(prefix))).toBe(true);
      }
    }
  });
});
