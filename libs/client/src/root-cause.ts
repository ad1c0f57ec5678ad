/** The innermost cause: what failed first. `fetch` itself only says that it failed. */
export function rootCauseOf(error: unknown): { readonly code?: unknown; readonly message?: string } {
  let root = error as Error | undefined;
  for (let depth = 0; depth < 8 && root?.cause !== undefined; depth++) root = root.cause as Error;
  return root ?? {};
}
