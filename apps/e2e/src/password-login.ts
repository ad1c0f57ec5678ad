import ssh2 from 'ssh2';
import type { Address } from './tenant.ts';

/** Can one sign in at this machine by password? The machine must be the one that was told of. */
export function signsIn({ host, port, user, hostKey }: Address, password: string): Promise<boolean> {
  const [, expected = ''] = hostKey.split(' ');
  const client = new ssh2.Client();
  return new Promise<boolean>((resolve, reject) => {
    client.once('ready', () => resolve(true));
    client.once('error', (error: Error & { level?: string }) =>
      error.level === 'client-authentication' ? resolve(false) : reject(error),
    );
    client.connect({
      host,
      port,
      username: user,
      password,
      readyTimeout: 60_000,
      hostVerifier: (key: Buffer) => key.equals(Buffer.from(expected, 'base64')),
    });
  }).finally(() => client.end());
}
