/** Where `dc` looks when nobody says otherwise. */
const DEFAULT_API_URL = 'http://localhost:59011';

/** What somebody who has just started the platform types to rent the demo's machine. */
export function nextSteps(publicUrl: string, offeringId: bigint): string {
  const elsewhere = publicUrl === DEFAULT_API_URL ? [] : [`export DC_API_URL=${publicUrl}`];
  const commands = [
    ...elsewhere,
    'npx dc identity generate --name me',
    'export DC_IDENTITY=me',
    'npx dc account create --username "tenant-$RANDOM" --email "tenant-$RANDOM@example.com"',
    'npx dc wallet topup --amount 5 --method test',
    'npx dc contract list-offerings',
    `npx dc contract create --offering-id ${offeringId} --duration-hours 1 --wait`,
    'npx dc contract ssh last -- uname -a',
    'npx dc contract cancel last',
    'npx dc wallet show',
  ];
  return [
    '  Rent a machine: in a second terminal, in this folder, type',
    '',
    ...commands.map((command) => `    ${command}`),
    '',
    '  The machine is an SSH session in a throw-away folder of this computer, open to your key only.',
    '  It is for trying out and no isolation at all.',
    '',
  ].join('\n');
}
