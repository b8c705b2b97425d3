// A client that is loaded and opened with its first use: what a process may never need must not cost its start. Not
// what is asked of it.

/** One client of this process. */
export interface LazyClient<C> {
  /**
   * The client, the same for all who ask; a load that failed is tried again by whoever asks next.
   * @throws what the load threw
   */
  open(): Promise<C>;
  /** The client if somebody has asked for it, null otherwise; for closing it. */
  opened(): Promise<C> | null;
  /** The next `open` loads it anew, such as after credentials were not accepted. */
  forget(): void;
}

/** Nothing is loaded before the first use. */
export function lazyClient<C>(load: () => Promise<C>): LazyClient<C> {
  let client: Promise<C> | null = null;
  return {
    open: () => {
      if (client !== null) return client;
      const loading = load();
      client = loading;
      loading.catch(() => {
        if (client === loading) client = null;
      });
      return loading;
    },
    opened: () => client,
    forget: () => (client = null),
  };
}
