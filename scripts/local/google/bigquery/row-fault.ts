// Whether a streamed row fits its table, by the rules of insertAll. Not what DuckDB would make of it.

/** A column as BigQuery's schema files write it. */
export interface Column {
  readonly name: string;
  readonly type: string;
  readonly mode?: string;
  /** Of a RECORD. */
  readonly fields?: readonly Column[];
}

/** Why BigQuery would not take a row, and which member is at fault. */
export interface RowFault {
  readonly message: string;
  readonly location: string;
}

/**
 * The first fault that is found, or null. The real service tells one a row, too, and of several unknown members now
 * this one and now that.
 */
export function faultOf(columns: readonly Column[], json: Readonly<Record<string, unknown>>): RowFault | null {
  const byName = new Map(columns.map((column) => [column.name, column]));
  for (const [name, value] of Object.entries(json)) {
    const column = byName.get(name);
    if (column === undefined) return { message: `no such field: ${name}.`, location: name };
    if (value === null || value === undefined) continue;
    if (column.mode !== 'REPEATED' && fits[column.type]?.(value) === false)
      return { message: `Cannot convert value to ${column.type.toLowerCase()}: ${name}`, location: name };
  }
  for (const { name, mode } of columns)
    if (mode === 'REQUIRED' && (json[name] === null || json[name] === undefined))
      return { message: `Missing required field: ${name}.`, location: name };
  return null;
}

const isText = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number';
const isInteger = (value: unknown): boolean => isText(value) && /^[+-]?\d{1,18}$/.test(String(value));
const isNumber = (value: unknown): boolean => isText(value) && value !== '' && Number.isFinite(Number(value));
const isBoolean = (value: unknown): boolean => /^(true|false)$/i.test(String(value));

/** By type; a type that does not stand here takes anything. */
const fits: Readonly<Record<string, (value: unknown) => boolean>> = {
  STRING: (value) => typeof value !== 'object',
  INTEGER: isInteger,
  INT64: isInteger,
  FLOAT: isNumber,
  FLOAT64: isNumber,
  NUMERIC: isNumber,
  BOOLEAN: isBoolean,
  BOOL: isBoolean,
  DATE: (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value)),
  TIMESTAMP: (value) => typeof value === 'string' && !Number.isNaN(Date.parse(value)),
  JSON: (value) => typeof value === 'string' && isJson(value),
};

function isJson(value: string): boolean {
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}
