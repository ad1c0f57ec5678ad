export type ServiceModule = Readonly<Record<string, unknown>>;

let bundled: readonly ServiceModule[] | undefined;

/** Called once in a bundle, before the service starts: what `serviceFiles` named when it was built. */
export function listModules(modules: readonly ServiceModule[]): void {
  bundled = modules;
}

/** Undefined when the service runs from its files. */
export const bundledModules = (): readonly ServiceModule[] | undefined => bundled;
