import { createHash } from 'node:crypto';

/** Allows a page its own style and its own script, which may ask this origin, and nothing else: no other origins, no frames. */
export function contentSecurityPolicy(html: string): string {
  const styles = hashesOf(html, /<style>([\s\S]*?)<\/style>/g);
  const scripts = hashesOf(html, /<script>([\s\S]*?)<\/script>/g);
  return [
    "default-src 'none'",
    `style-src ${styles.join(' ') || "'none'"}`,
    ...(scripts.length > 0 ? [`script-src ${scripts.join(' ')}`, "connect-src 'self'"] : []),
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

const hashesOf = (html: string, element: RegExp): string[] =>
  [...html.matchAll(element)].map(
    ([, text]) =>
      `'sha256-${createHash('sha256')
        .update(text ?? '')
        .digest('base64')}'`,
  );
