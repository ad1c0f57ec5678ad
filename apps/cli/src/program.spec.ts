import { buildProgram, everyCommand } from './program.ts';

const commands = everyCommand(buildProgram({})).filter((command) => command.commands.length === 0);

/** Commander writes help where we tell it to. */
function helpOf(command: (typeof commands)[number]): string {
  let text = '';
  command.configureOutput({
    writeOut: (piece) => {
      text += piece;
    },
  });
  command.outputHelp();
  return text;
}

test.each(commands.map((command) => [pathOf(command), command] as const))(
  '%s says what it does and shows an example',
  (path, command) => {
    const help = helpOf(command);
    expect(command.description()).not.toBe('');
    expect(help).toContain(`Example: dc ${path}`);
  },
);

function pathOf(command: (typeof commands)[number]): string {
  const names: string[] = [];
  for (let one = command; one.parent; one = one.parent) names.unshift(one.name());
  return names.join(' ');
}

async function apiUrlOf(args: string[], env: NodeJS.ProcessEnv): Promise<unknown> {
  const program = buildProgram(env);
  let seen: unknown;
  program.command('probe').action(function (this: { optsWithGlobals(): { apiUrl: string } }) {
    seen = this.optsWithGlobals().apiUrl;
  });
  await program.parseAsync(['node', 'dc', ...args, 'probe']);
  return seen;
}

test('where the platform is: option, then variable, then environment', async () => {
  expect(await apiUrlOf([], {})).toBe('http://localhost:59011');
  expect(await apiUrlOf([], { DC_API_URL: 'http://here' })).toBe('http://here');
  expect(await apiUrlOf(['--api-url', 'http://there'], { DC_API_URL: 'http://here' })).toBe('http://there');
  expect(await apiUrlOf(['--env', 'prod'], {})).toBe('https://api.decent-cloud.org');
});
