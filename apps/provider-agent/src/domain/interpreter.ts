const MARK = '#!';
const NOT_FOUND = 127;
const NOT_RUNNABLE = 126;

/** Some editors begin a text with a byte order mark, in front of which no kernel looks for an interpreter. */
export const withoutMark = (script: string): string => script.replace(/^\uFEFF+/, '');

/** The program that the first line names, as the kernel reads it; undefined: it names none, and a shell is to run the script. */
export function interpreterOf(script: string): string | undefined {
  if (!script.startsWith(MARK)) return undefined;
  const [line = ''] = script.slice(MARK.length).split('\n', 1);
  return line.replace(/^[ \t]+/, '').split(/[ \t]/, 1)[0];
}

/** What a script ends with whose interpreter cannot be started, as shells say it. */
export function endWithoutInterpreter(
  interpreter: string,
  fault: 'missing' | 'not-runnable',
): { readonly success: false; readonly exitCode: number; readonly log: string } {
  const what = fault === 'missing' ? 'is not there' : 'cannot be run';
  return {
    success: false,
    exitCode: fault === 'missing' ? NOT_FOUND : NOT_RUNNABLE,
    log: `the program that the first line of the script names, ${JSON.stringify(interpreter)}, ${what}${hintFor(interpreter)}\n`,
  };
}

/** For the end of what a script has printed that a shell could not start: what the shell does not say. */
export function noteOnEnd(script: string, exitCode: number): string {
  const interpreter = interpreterOf(script);
  if (interpreter === undefined || (exitCode !== NOT_FOUND && exitCode !== NOT_RUNNABLE)) return '';
  return interpreter.endsWith('\r') ? endWithoutInterpreter(interpreter, 'missing').log : '';
}

function hintFor(interpreter: string): string {
  return interpreter.endsWith('\r') ? ': the lines end with CR LF; save the script with LF alone' : '';
}
