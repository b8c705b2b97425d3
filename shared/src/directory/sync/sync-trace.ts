// How a sync tells what it does. Not where that goes (serve).

/** Says how far a run is, and measures its steps. */
export interface SyncTrace {
  step<T>(name: 'list' | 'compare' | 'prune', work: () => Promise<T>): Promise<T>;
  log(
    severity: 'INFO' | 'WARNING' | 'ERROR',
    message: string,
    fields: Readonly<Record<string, string | number | boolean>>,
  ): void;
}
