// Rows of prices from the table of `@pydantic/genai-prices` and from pages that we read ourselves (pages.json), which
// win. Pure: the same input, the same rows.

import { decimalText, parseDecimal, shifted, type PartialRow } from '@cody-gateway/shared/catalogue';

type Amounts = Readonly<Record<string, string>>;

/** A row as it is written. */
export interface PriceLine {
  model: string;
  from: string;
  dimensions: Amounts;
  tiers?: readonly { above: number; dimensions: Amounts }[];
  hours?: readonly { from: string; until: string; dimensions: Amounts }[];
  multipliers?: Readonly<Record<string, string | Amounts>>;
  basis?: string;
  source: string;
  asOf: string;
}

/** What we read ourselves. An asterisk stands for any text. */
export interface Pages {
  readonly prices: readonly (Omit<PriceLine, 'model'> & { readonly models: readonly string[] })[];
  /** What the table lacks of a model that it has: for every price of it. */
  readonly additions: readonly {
    readonly models: readonly string[];
    readonly dimensions?: Amounts;
    readonly multipliers?: NonNullable<PriceLine['multipliers']>;
    readonly source: string;
    readonly asOf: string;
  }[];
}

/** Of the table: a model and what it costs, by day. Its own types say less than its data. */
export interface TableModel {
  readonly prices: TablePrices | readonly { readonly constraint?: Constraint; readonly prices: TablePrices }[];
}
type TablePrices = Readonly<
  Record<
    string,
    | number
    | { readonly base: number; readonly tiers: readonly { readonly start: number; readonly price: number }[] }
    | undefined
  >
>;
interface Constraint {
  readonly type: 'start_date' | 'time_of_date';
  readonly start_date?: string;
  readonly start_time?: string;
  readonly end_time?: string;
}

/** The dimension of each price of the table, and by how many digits its unit is larger than ours (thousands: 3). */
const dimensionOf: Readonly<Record<string, readonly [dimension: string, digits: number]>> = {
  input_mtok: ['input', 0],
  output_mtok: ['output', 0],
  cache_read_mtok: ['cache_read', 0],
  cache_write_mtok: ['cache_write_5m', 0],
  cache_write_1h_mtok: ['cache_write_1h', 0],
  output_reasoning_mtok: ['reasoning', 0],
  input_audio_mtok: ['audio_input', 0],
  cache_audio_read_mtok: ['audio_cache_read', 0],
  output_audio_mtok: ['audio_output', 0],
  input_image_mtok: ['image_input', 0],
  cache_image_read_mtok: ['image_cache_read', 0],
  output_image_mtok: ['image_output', 0],
  input_video_mtok: ['video_input', 0],
  output_video_mtok: ['video_output', 0],
  web_searches_kcount: ['web_search', 3],
  storage_searches_kcount: ['file_search', 3],
  code_executions_kcount: ['code_execution', 3],
  requests_kcount: ['request', 3],
};
/** Of speech and documents: nothing that the gateway serves is billed by them. */
const leftOut: ReadonlySet<string> = new Set([
  'audio_hours',
  'input_audio_hours',
  'input_document_kpages',
  'input_annotated_document_kpages',
  'input_text_messages_kcount',
  'output_citation_mtok',
]);

/** The day from which a price is taken to hold where the table has no date: before any call. */
const ever = '2020-01-01';

/** Prices of one model by the table. @throws Error for a kind of price that is neither taken nor left out on purpose */
export function tableLines(model: string, { prices }: TableModel, source: string, asOf: string): PriceLine[] {
  const dated = Array.isArray(prices)
    ? (prices as readonly { constraint?: Constraint; prices: TablePrices }[])
    : [{ prices: prices as TablePrices }];
  const lines: PriceLine[] = [];
  for (const { constraint, prices: by } of dated) {
    const { dimensions, tiers } = amountsOf(model, by);
    if (Object.keys(dimensions).length === 0) continue;
    if (constraint?.type === 'time_of_date') {
      // The table can't say of which day hours are: they are of its newest price.
      const last = lines.at(-1);
      const clock = (time = ''): string => time.slice(0, 5);
      if (last === undefined || tiers.length > 0)
        throw new Error(`${model}: the table has hours without a price for the rest of the day, or with tiers`);
      last.hours = [
        ...(last.hours ?? []),
        { from: clock(constraint.start_time), until: clock(constraint.end_time), dimensions },
      ];
    } else
      lines.push({
        model,
        from: constraint?.start_date ?? ever,
        dimensions,
        ...(tiers.length > 0 && { tiers }),
        source,
        asOf,
      });
  }
  return lines;
}

function amountsOf(
  model: string,
  prices: TablePrices,
): { dimensions: Amounts; tiers: NonNullable<PriceLine['tiers']> } {
  const dimensions: Record<string, string> = {};
  const tiers = new Map<number, Record<string, string>>();
  for (const [key, price] of Object.entries(prices)) {
    if (price === undefined || leftOut.has(key)) continue;
    const [dimension, digits] = dimensionOf[key] ?? [];
    if (dimension === undefined || digits === undefined)
      throw new Error(`${model}: the table has a price ${key}, which price-table.ts does not know`);
    dimensions[dimension] = amount(typeof price === 'number' ? price : price.base, digits);
    for (const { start, price: dearer } of typeof price === 'number' ? [] : price.tiers)
      tiers.set(start, { ...tiers.get(start), [dimension]: amount(dearer, digits) });
  }
  return {
    dimensions,
    tiers: [...tiers].sort(([a], [b]) => a - b).map(([above, dimensions]) => ({ above, dimensions })),
  };
}

/**
 * All rows, by model and day.
 * @param names every qualified model that may have a price
 * @param fromTable what the table says of one
 */
export function priceLines(
  names: readonly string[],
  fromTable: (model: string) => readonly PriceLine[],
  pages: Pages,
): PriceLine[] {
  const used = new Set<unknown>();
  const lines = names.flatMap((model) => {
    const byDay = new Map(fromTable(model).map((line) => [line.from, line]));
    const seen = new Set<string>();
    for (const page of pages.prices)
      if (page.models.some((pattern) => matches(pattern, model))) {
        used.add(page);
        // The first page that has the model for a day counts.
        if (seen.has(page.from)) continue;
        seen.add(page.from);
        const { models: _, ...line } = page;
        byDay.set(page.from, { model, ...line });
      }
    const additions = pages.additions.filter(
      ({ models }) => byDay.size > 0 && models.some((pattern) => matches(pattern, model)),
    );
    additions.forEach((addition) => used.add(addition));
    return [...byDay.values()].map((line) => withAdditions(line, additions));
  });
  const unused = [...pages.prices, ...pages.additions].filter((page) => !used.has(page));
  if (unused.length > 0)
    throw new Error(
      `pages.json prices no model of the catalogue by ${unused.map(({ models }) => models.join(', ')).join('; ')}`,
    );
  return lines.sort((a, b) => (a.model < b.model ? -1 : a.model > b.model ? 1 : a.from < b.from ? -1 : 1));
}

/** Where a source says several things of a price, it is named once for all of them. */
function withAdditions(line: PriceLine, additions: Pages['additions']): PriceLine {
  if (additions.length === 0) return line;
  const facts = new Map<string, Set<string>>();
  for (const { dimensions = {}, multipliers = {}, source, asOf } of additions) {
    const names = facts.get(`${source} (${asOf})`) ?? new Set();
    facts.set(`${source} (${asOf})`, names);
    for (const name of [...Object.keys(dimensions), ...Object.keys(multipliers).map((name) => name.replace(/:.*/, ''))])
      names.add(name);
  }
  const multipliers = Object.fromEntries(
    [line, ...additions].flatMap(({ multipliers = {} }) => Object.entries(multipliers)),
  );
  const { source, asOf, ...rest } = line;
  return {
    ...rest,
    dimensions: Object.fromEntries([line, ...additions].flatMap(({ dimensions = {} }) => Object.entries(dimensions))),
    ...(Object.keys(multipliers).length > 0 && { multipliers }),
    source: [source, ...[...facts].map(([where, names]) => `${[...names].join(', ')}: ${where}`)].join('; '),
    asOf,
  };
}

/** One row a line, as prettier leaves it. */
export function linesText(lines: readonly (PriceLine | PartialRow)[]): string {
  return `[\n${lines.map((line) => `  ${JSON.stringify(line)}`).join(',\n')}\n]\n`;
}

/** A table's number is mostly a decimal that somebody wrote; what somebody divided is cut after twelve digits. */
function amount(price: number, digits: number): string {
  return decimalText(shifted(parseDecimal(price.toFixed(12)), -digits));
}

function matches(pattern: string, model: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(model);
}
