/** Part of a list: `cursor` is the id of the last item that the caller has. */
export interface Page {
  readonly limit: number;
  readonly offset: number;
  readonly cursor?: string | undefined;
}
