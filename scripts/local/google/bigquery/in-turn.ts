// DuckDB's connection, used by one work at a time and closed when the last of them is over. DuckDB frees the memory of
// a connection that is closed under a running statement: the statement's thread then ends the whole process.

import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';

/** An empty database in memory. */
export interface Database {
  /**
   * Runs a work when those before it are over: nobody comes between its statements, so a transaction is its own.
   * @throws Error once the database is closed
   */
  inTurn<T>(work: (duck: DuckDBConnection) => Promise<T>): Promise<T>;
  /** Waits for the work that runs; what still waits for its turn is refused. */
  close(): Promise<void>;
}

export async function openDatabase(): Promise<Database> {
  const instance = await DuckDBInstance.create(':memory:');
  const duck = await instance.connect();
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;
  return {
    inTurn: (work) => {
      const mine = last.then(() => {
        if (closed) throw new Error('the local BigQuery is closed');
        return work(duck);
      });
      last = mine.catch(() => undefined);
      return mine;
    },
    close: async () => {
      if (closed) return;
      closed = true;
      await last;
      duck.closeSync();
      instance.closeSync();
    },
  };
}
