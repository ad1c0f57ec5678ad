/** A value that is made anew when it is older than so long; whoever comes meanwhile waits for the same one. */
export class Fresh<T> {
  private value: { readonly madeAtMs: number; readonly promise: Promise<T> } | undefined;

  constructor(
    private readonly keptMs: number,
    /** Of a clock that nobody sets. */
    private readonly nowMs: () => number,
    private readonly make: () => Promise<T>,
  ) {}

  get(): Promise<T> {
    const nowMs = this.nowMs();
    if (this.value && nowMs - this.value.madeAtMs < this.keptMs) return this.value.promise;
    const promise = this.make();
    const made = { madeAtMs: nowMs, promise };
    this.value = made;
    promise.catch(() => {
      if (this.value === made) this.value = undefined;
    });
    return promise;
  }
}
