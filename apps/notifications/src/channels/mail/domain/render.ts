import { escapeAttribute, escapeText } from 'entities/escape';

export interface Letter {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

const REASON = 'You get this mail because of your account at Decent Cloud.';

/** A mail as plain text and as simple HTML, every part of it escaped. */
export function renderMail(
  mail: { readonly subject: string; readonly body: string; readonly linkPath: string },
  frontendUrl: string,
): Letter {
  const link = linkOf(mail.linkPath, frontendUrl);
  const subject = mail.subject.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  return {
    subject,
    text: `${mail.body}\n\n${link}\n\n-- \n${REASON}\n`,
    html: [
      '<!doctype html><html lang="en"><meta charset="utf-8">',
      '<body style="font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:1rem auto;padding:0 1rem">',
      `<h1 style="font-size:1.25rem">${escapeText(subject)}</h1>`,
      `<p>${escapeText(mail.body).replaceAll('\n', '<br>')}</p>`,
      `<p><a href="${escapeAttribute(link)}">${escapeText(link)}</a></p>`,
      `<p style="color:#666;font-size:.875rem">${REASON}</p></body></html>`,
    ].join('\n'),
  };
}

/** Always on our own site, whatever the path says. */
function linkOf(path: string, frontendUrl: string): string {
  const base = new URL(frontendUrl);
  const link = new URL(path, base);
  return link.origin === base.origin ? link.href : base.href;
}
