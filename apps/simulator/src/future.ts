/** Something that will be known later; the first answer counts. */
export class Future<T> {
  private settled: { readonly value?: T; readonly error?: unknown; readonly ok: boolean } | undefined;
  private readonly listeners: (() => void)[] = [];

  get isSettled(): boolean {
    return this.settled !== undefined;
  }

  resolve(value: T): void {
    this.settle({ ok: true, value });
  }

  reject(error: unknown): void {
    this.settle({ ok: false, error });
  }

  whenSettled(listener: () => void): void {
    if (this.settled) listener();
    else this.listeners.push(listener);
  }

  /** @throws what it was rejected with */
  take(): T {
    if (!this.settled) throw new Error('not settled yet');
    if (!this.settled.ok) throw this.settled.error;
    return this.settled.value as T;
  }

  private settle(settled: { value?: T; error?: unknown; ok: boolean }): void {
    if (this.settled) return;
    this.settled = settled;
    for (const listener of this.listeners.splice(0)) listener();
  }
}
