export const PRODUCTION = ['prod', 'production'];

/** The environment that an API address speaks for, when the file does not say. What is not plainly a test is production. */
export function environmentOf(endpoint: string): string {
  const host = new URL(endpoint).hostname.replace(/^\[|\]$/g, '');
  const isHere =
    host === 'localhost' || host === '::1' || /^127\./.test(host) || /\.(local|test|localhost)$/.test(host);
  if (isHere) return 'dev';
  return /^(.*[.-])?(dev|test|staging)[.-]/.test(host) ? 'dev' : 'prod';
}
