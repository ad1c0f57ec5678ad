import { connect } from 'node:net';
import {
  CONTROL_LINE_BYTES,
  type ControlRequest,
  controlAnswer,
  controlSocketIn,
  isSocketPath,
} from '../agent/control-messages.ts';
import { CommandError, EXIT } from './exit-codes.ts';

/** Putting a machine into service or removing it may take that long. */
const ANSWER_MS = 10 * 60_000;
const EXIT_OF = {
  refused: EXIT.failure,
  access: EXIT.authentication,
  unreachable: EXIT.platform,
  fault: EXIT.failure,
} as const;

/** Asks the running agent over its socket. @throws CommandError saying what to do when it does not answer */
export async function askAgent(dataDir: string, pid: number, request: ControlRequest): Promise<unknown> {
  const path = controlSocketIn(dataDir);
  const instead = 'stop it (its machines go on running), give this command, and start it again';
  if (!isSocketPath(path)) {
    throw new CommandError(
      EXIT.failure,
      `the agent runs (process ${pid}), and the path of its data folder is too long for a control socket: ${instead}`,
    );
  }
  let line: string;
  try {
    line = await exchange(path, `${JSON.stringify(request)}\n`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(
      EXIT.failure,
      `the agent runs (process ${pid}) but does not answer at ${path} (${why}): ${instead}`,
      { cause: error },
    );
  }
  const answer = controlAnswer.parse(JSON.parse(line));
  if (answer.ok) return answer.result;
  throw new CommandError(EXIT_OF[answer.kind], answer.error);
}

function exchange(path: string, question: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write(question));
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error('no answer in time')));
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > CONTROL_LINE_BYTES) socket.destroy(new Error('an answer without end'));
    });
    socket.once('error', reject);
    socket.once('close', () =>
      text.endsWith('\n') ? resolve(text) : reject(new Error('the connection was closed without an answer')),
    );
  });
}
