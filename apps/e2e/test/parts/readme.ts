import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runProgram } from '../../src/dc.ts';
import type { Platform } from '../../src/platform.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');

/** The commands of the README's section on renting, in order. */
async function commandsOfReadme(): Promise<[people: string, scripts: string]> {
  const text = await readFile(join(ROOT, 'README.md'), 'utf8');
  const section = text.split('## Rent a machine')[1]?.split('\n## ')[0] ?? '';
  const [people = '', scripts = ''] = [...section.matchAll(/```bash\n([\s\S]*?)```/g)].map(
    (match) => match[1],
  );
  return [people, scripts];
}

/** What newcomers are told to type. */
export function readme(running: () => Platform): void {
  describe('what newcomers are told to type', () => {
    let platform: Platform;
    let home: string;
    beforeAll(async () => {
      platform = running();
      home = await mkdtemp(join(tmpdir(), 'dc-reader-'));
    });
    afterAll(async () => {
      if (home) await rm(home, { recursive: true, force: true });
    });

    test('the commands of the README work as written, with the exit codes that it shows', async () => {
      const [people, scripts] = await commandsOfReadme();
      const script = `set -e\ncd "${ROOT}"\n${people}\nset +e\n${scripts}`;
      const env = {
        PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}`,
        HOME: home,
        DC_API_URL: platform.apiUrl,
      };
      const outcome = await runProgram('bash', ['-c', script], env);
      expect(outcome).toMatchObject({ code: 0, stdout: expect.stringContaining('Linux') });
      const lines = outcome.stdout.trim().split('\n').slice(-9);
      expect(lines[0]).toMatch(/^\{"contractId":"[0-9a-f]{64}"/);
      expect(lines[1]).toContain('"status":"active"');
      expect(lines.slice(2, 4)).toEqual(['{"exitCode":7,"output":"hello\\n"}', 'exit code 7']);
      expect(lines[4]).toContain('cancelled');
      expect(lines[5]).toContain('"reason":"TRANSITION_NOT_ALLOWED"');
      expect(lines[6]).toBe('exit code 7');
      expect(lines[7]).toContain('"reason":"CONTRACT_NOT_FOUND"');
      expect(lines[8]).toBe('exit code 6');
    }, 120_000);

    test('what npm start prints to try next is what the README says', async () => {
      const printed = platform.output.filter((line) => line.includes('npx dc')).map((line) => line.trim());
      const [people] = await commandsOfReadme();
      expect(printed).toEqual(
        people
          .trim()
          .split('\n')
          .filter((line) => line.startsWith('npx dc')),
      );
    });

    test('the commands of docs/become-a-provider.md make a provider whose machine can be rented', async () => {
      const page = await readFile(join(ROOT, 'docs/become-a-provider.md'), 'utf8');
      const commands = /```bash\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
      expect(commands.match(/^(npx|\w+=\$\(npx) /gm)).toHaveLength(8);
      // The last one goes on running.
      // It has a group of its own: npx does not always pass a signal on.
      const provider = `set -e\ncd "${ROOT}"\nset -m\n${commands.trim()} > "$HOME/agent.log" 2>&1 &\nagent=$!\nset +m\ntrap 'kill -- -$agent; wait $agent || true' EXIT`;
      const tenant = `export DC_IDENTITY=me
offering=$(npx dc --json offering list | grep -o '"id":[0-9]*,"pubkey":"[^"]*","offering_id":"small"' | grep -o '^"id":[0-9]*' | cut -d: -f2)
for attempt in $(seq 40); do
  npx dc --json offering get "$offering" | grep -q '"can_rent_now":true' && break
  sleep 0.5
done
npx dc contract create --offering-id "$offering" --duration-hours 1 --wait
npx dc contract ssh last -- uname
npx dc contract cancel last`;
      const env = {
        PATH: `${join(ROOT, 'node_modules/.bin')}:${process.env.PATH}`,
        HOME: home,
        DC_API_URL: platform.apiUrl,
      };
      const outcome = await runProgram('bash', ['-c', `${provider}\n${tenant}`], env);
      expect(outcome).toMatchObject({ code: 0, stdout: expect.stringContaining('Linux') });
    }, 120_000);
  });
}
