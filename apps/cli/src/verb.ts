import { parseAmountE9s, printExactJson } from '@decent-cloud/kernel';
import { type Command, InvalidArgumentError } from 'commander';
import { CliError, EXIT } from './exit.ts';
import { type GlobalOptions, Session, type Surroundings } from './session.ts';

/** What a command has to say: the same for programs and for people. */
export interface Result {
  readonly json: unknown;
  /** With its line end. */
  readonly text: string;
  readonly exitCode?: number;
}

export interface VerbSpec<O> {
  /** With its arguments: `get <id>`. */
  readonly name: string;
  readonly summary: string;
  /** Without `dc`. */
  readonly example: string;
  /** Changes something at the platform: production wants --yes, and the caller may give an idempotency key. */
  readonly writes?: boolean;
  readonly configure?: (command: Command) => Command;
  run(session: Session, options: O, args: readonly string[]): Promise<Result>;
}

/** Everything that commands need from the run that they belong to. */
export interface Run {
  readonly outside: Surroundings;
  readonly asJson: boolean;
  exitCode: number;
}

/** Adds one command below a noun. */
export function verb<O = Record<string, never>>(parent: Command, run: Run, spec: VerbSpec<O>): void {
  const command = parent
    .command(spec.name)
    .summary(spec.summary)
    .description(spec.summary)
    .addHelpText('after', `\nExample:\n  dc ${spec.example}`);
  if (spec.writes)
    command.option('--idempotency-key <key>', 'do it once for this key (by default a new one)');
  spec.configure?.(command);
  command.action(async () => {
    const globals = command.optsWithGlobals<GlobalOptions>();
    const own = command.opts<O & { idempotencyKey?: string }>();
    const session = new Session(globals, run.outside, own.idempotencyKey);
    if (spec.writes && session.isProduction) await session.confirm(`change something at ${session.apiUrl}?`);
    const args = argumentsOf(command);
    const result = await spec.run(session, own, args);
    run.outside.stdout(globals.json ? `${printExactJson(result.json ?? null)}\n` : result.text);
    run.exitCode = result.exitCode ?? 0;
  });
}

/** What was typed, in its order; what may be left out and was is not there. @throws CliError for an empty one */
function argumentsOf(command: Command): string[] {
  return command.processedArgs.flatMap((value: unknown, index) => {
    if (value === undefined) return [];
    if (value === '') {
      const name = command.registeredArguments[index]?.name();
      throw new CliError(
        EXIT.usage,
        'ARGUMENT_EMPTY',
        `<${name}> is empty`,
        'Is a variable of the shell not set?',
      );
    }
    return Array.isArray(value) ? value.map(String) : [String(value)];
  });
}

/** Adds a noun with the help of its verbs. */
export function noun(parent: Command, name: string, summary: string): Command {
  return parent.command(name).summary(summary).description(summary);
}

/** An option that is a whole number within limits. */
export const whole =
  (min: number, max: number) =>
  (text: string): number => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < min || number > max) {
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    }
    return number;
  };

/** An id of the platform: up to 64 bits, exactly. */
export function id(text: string): bigint {
  if (!/^\d{1,19}$/.test(text) || BigInt(text) >= 2n ** 63n) {
    throw new InvalidArgumentError('It must be a number as the lists show it.');
  }
  return BigInt(text);
}

/** An option that is an amount of money, in e9s. */
export const amountE9s = (text: string): bigint => parseAmountE9s(decimalText(text));

/** An option that is an amount or a price. */
export function decimal(text: string): number {
  return Number(decimalText(text));
}

/** An option that is an amount that can be paid: parts of a cent cannot. */
export function wholeCents(text: string): number {
  const amount = decimal(text);
  if (/\.\d\d0*$|\.\d$|^\d+$/.test(text)) return amount;
  throw new InvalidArgumentError('It must be in whole cents, such as 7.20.');
}

function decimalText(text: string): string {
  if (/^\d{1,9}(\.\d{1,9})?$/.test(text)) return text;
  throw new InvalidArgumentError('It must be a number such as 7.20.');
}
