// How the report's figures ask the warehouse.

/** Runs BigQuery SQL and gives plain rows. */
export type Query = (sql: string, params: Readonly<Record<string, string | number>>) => Promise<Row[]>;
export type Row = Readonly<Record<string, unknown>>;
