import type { AddressInfo } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerAddress, type SMTPServerSession } from 'smtp-server';

export interface ReceivedMail extends ParsedMail {
  readonly recipients: readonly string[];
}

/** Codes with which recipients are refused, by the beginning of their address. */
const REFUSALS: Readonly<Record<string, number>> = { busy: 450, gone: 550 };

/** A real SMTP server that keeps what it accepts. Stopped and started again it keeps its port. */
export class MailServer {
  readonly mails: ReceivedMail[] = [];
  port = 0;
  /** False: mails are taken, and nothing is said of it. */
  confirms = true;
  private server: SMTPServer | undefined;

  get url(): string {
    return `smtp://127.0.0.1:${this.port}`;
  }

  to(address: string): ReceivedMail[] {
    return this.mails.filter((mail) => mail.recipients.includes(address));
  }

  async start(): Promise<void> {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onRcptTo: (address: SMTPServerAddress, _session, done) => {
        const refusal = Object.entries(REFUSALS).find(([begin]) => address.address.startsWith(begin));
        done(refusal ? Object.assign(new Error('not this one'), { responseCode: refusal[1] }) : undefined);
      },
      onData: (stream, session, done) => {
        simpleParser(stream).then((mail) => {
          this.mails.push({ ...mail, recipients: addressesOf(session) });
          if (this.confirms) done();
        }, done);
      },
    });
    // Connections that a test cuts are no fault.
    server.on('error', () => undefined);
    await new Promise<void>((resolve) => {
      server.listen(this.port, '127.0.0.1', resolve);
    });
    this.port = (server.server.address() as AddressInfo).port;
    this.server = server;
  }

  async stop(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    if (server) await new Promise<void>((resolve) => server.close(resolve));
  }
}

const addressesOf = (session: SMTPServerSession): string[] =>
  session.envelope.rcptTo.map(({ address }) => address);
