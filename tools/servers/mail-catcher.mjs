import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { escapeUTF8 } from 'entities/escape';
import { SMTPServer } from 'smtp-server';

/**
 * Takes every mail that the platform sends while trying out, keeps it as a file and shows it on a page. Loopback only, unless MAIL_HOST says
 * otherwise (in a container). Environment: MAIL_SMTP_PORT, MAIL_HTTP_PORT, MAIL_FOLDER, MAIL_HOST.
 */
const folder = process.env.MAIL_FOLDER ?? '.data/mail';
const smtpPort = Number(process.env.MAIL_SMTP_PORT ?? 0);
const httpPort = Number(process.env.MAIL_HTTP_PORT ?? 0);
const host = process.env.MAIL_HOST ?? '127.0.0.1';
const SHOWN = 200;
const LARGEST_BYTES = 10 * 1024 ** 2;
await mkdir(folder, { recursive: true, mode: 0o700 });

const smtp = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onAuth: (_auth, _session, done) => done(null, { user: 'anybody' }),
  size: LARGEST_BYTES,
  onData: (stream, _session, done) => {
    /** @type {Buffer[]} */
    const chunks = [];
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('error', done);
    stream.on('end', () => {
      const name = `${new Date().toISOString().replaceAll(':', '-')}-${randomUUID().slice(0, 8)}.eml`;
      writeFile(join(folder, name), Buffer.concat(chunks), { mode: 0o600 }).then(() => done(), done);
    });
  },
});
smtp.on('error', (error) => console.error(error));
smtp.listen(smtpPort, host);

const http = createServer((request, response) => {
  answer(new URL(request.url ?? '/', 'http://localhost'))
    .then(({ status = 200, type, body }) =>
      response
        .writeHead(status, {
          'content-type': type,
          'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
        })
        .end(body),
    )
    .catch((error) => {
      console.error(error);
      response.writeHead(500).end('The mail cannot be shown; the log says why.');
    });
});
http.listen(httpPort, host, () => console.log('mail catcher is ready'));

/** @param {URL} url @returns {Promise<{ status?: number, type: string, body: string }>} */
async function answer(url) {
  const html = 'text/html; charset=utf-8';
  if (url.pathname === '/health/ready')
    return { type: 'application/json', body: JSON.stringify({ ready: true, pid: process.pid }) };
  if (url.pathname === '/api/mails') return { type: 'application/json', body: JSON.stringify(await list()) };
  if (url.pathname === '/') {
    const rows = (await list()).map(
      (mail) =>
        `<tr><td>${escapeUTF8(mail.date)}</td><td>${escapeUTF8(mail.to)}</td><td><a href="/mail/${mail.id}">${escapeUTF8(mail.subject)}</a></td></tr>`,
    );
    const empty = '<tr><td colspan="3">No mail yet.</td></tr>';
    return {
      type: html,
      body: page('Mails', `<table><tr><th>When<th>To<th>Subject</tr>${rows.join('') || empty}</table>`),
    };
  }
  const id = /^\/mail\/([\w.-]+\.eml)$/.exec(url.pathname)?.[1];
  if (!id) return { status: 404, type: html, body: page('Nothing here', '<a href="/">All mails</a>') };
  const mail = await parse(join(folder, id));
  return {
    type: html,
    body: page(
      mail.subject ?? '',
      `<p><a href="/">All mails</a></p><pre>${escapeUTF8(mail.text ?? '')}</pre>`,
    ),
  };
}

async function list() {
  const names = (await readdir(folder))
    .filter((name) => name.endsWith('.eml'))
    .sort()
    .reverse();
  return Promise.all(
    names.slice(0, SHOWN).map(async (id) => {
      const mail = await parse(join(folder, id));
      const to = [mail.to ?? []]
        .flat()
        .map((address) => address.text)
        .join(', ');
      return {
        id,
        to,
        subject: mail.subject ?? '(none)',
        date: mail.date?.toISOString() ?? '',
        text: mail.text ?? '',
      };
    }),
  );
}

/** @param {string} title @param {string} body */
function page(title, body) {
  const style =
    'body{font:16px system-ui;margin:2rem;max-width:60rem}td,th{text-align:left;padding:.3rem 1rem .3rem 0}pre{white-space:pre-wrap}';
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeUTF8(title)}</title><style>${style}</style><h1>${escapeUTF8(title)}</h1>${body}`;
}

process.on('SIGTERM', () => {
  smtp.close(() => undefined);
  http.closeAllConnections();
  http.close(() => process.exit(0));
});

/** The parser takes 25 MB, and most runs show no mail. @param {string} file */
async function parse(file) {
  const { simpleParser } = await import('mailparser');
  return simpleParser(await readFile(file));
}
