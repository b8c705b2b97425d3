// What a page says, without how it looks: facts, charts and tables, each with where its figures come from. Renderers
// are page-html.ts and table-csv.ts.

/** What the cells of a column are, which decides how they are written and where they stand. */
export type ColumnKind = 'text' | 'code' | 'money' | 'decimal' | 'count' | 'ms' | 'percent' | 'time' | 'bar' | 'state';

/** A text with where it leads. */
export interface Link {
  readonly text: string;
  /** A path of the console, or an https address. */
  readonly href: string;
}

/** How something is: told in words, a colour only underlines it. */
export interface State {
  readonly text: string;
  readonly tone: 'good' | 'bad' | 'warn' | 'quiet';
}

/**
 * Of a column's kind: text and code are texts or links, money is billionths of a dollar, decimal a number with a few
 * decimals, percent and bar are shares of 1, time is Unix ms. Null is unknown.
 */
export type Cell = string | number | null | Link | State;

/** A column. */
export interface Column {
  readonly heading: string;
  readonly kind: ColumnKind;
}

/** Where figures come from and how fresh they are. */
export interface Origin {
  /** The view, collection or store. */
  readonly source: string;
  /** When it was read, Unix ms. */
  readonly readAtMs: number;
  /** What must be known of it; absent: nothing. */
  readonly note?: string;
}

/** A table; its CSV has all of its rows, unrounded. */
export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  /** The last line; null: there is none. */
  readonly total: readonly Cell[] | null;
  /** So many of the first rows are printed; absent: all. The others are on the screen and in the CSV. */
  readonly onPaper?: number;
  /** What stands in the place of rows where there are none. */
  readonly empty: string;
}

/** Bars over time, or beside each other. */
export interface Chart {
  /** What it shows, in words, for those who don't see it. */
  readonly title: string;
  readonly bars: readonly Bar[];
  /** How its values are written. */
  readonly kind: 'money' | 'count';
}

/** A bar, and behind it what it is compared with. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly before: number | null;
  /** It still grows. */
  readonly open: boolean;
}

/** One number of a page's head. */
export interface Fact {
  readonly label: string;
  readonly kind: 'money' | 'count' | 'percent' | 'text' | 'time';
  readonly value: number | string | null;
  /** Below it, in small letters. */
  readonly note: string | null;
  readonly tone?: State['tone'];
}

/** A part of a page with a heading. */
export interface Section {
  /** Of its anchor and its CSV. */
  readonly id: string;
  readonly title: string;
  readonly note: string | null;
  readonly origins: readonly Origin[];
  /** Why it has no figures; null: it has. */
  readonly fault: string | null;
  readonly facts: readonly Fact[];
  readonly chart: Chart | null;
  readonly table: Table | null;
}

/** A form that asks for another page by GET. */
export interface Search {
  readonly label: string;
  /** Name of its parameter. */
  readonly name: string;
  readonly value: string;
  readonly hint: string;
}

/** A page. */
export interface Page {
  /** Path of the console, which its links and forms begin with. */
  readonly path: string;
  /** Parameters that belong to it, as they stand in its address. */
  readonly query: Readonly<Record<string, string>>;
  readonly title: string;
  /** What it is about, in one sentence. */
  readonly lead: string;
  /** What must be known before the figures. */
  readonly warnings: readonly string[];
  readonly search: Search | null;
  readonly sections: readonly Section[];
  /** The pages before and after of a long list. */
  readonly pages: { readonly before: string | null; readonly after: string | null; readonly now: string } | null;
}

/** A section of one table, which most are. */
export function tableSection(
  id: string,
  title: string,
  table: Table,
  more: Partial<Pick<Section, 'note' | 'origins' | 'facts' | 'chart'>> = {},
): Section {
  return { id, title, note: null, origins: [], fault: null, facts: [], chart: null, ...more, table };
}

/** A section whose source gave nothing. */
export function faultSection(id: string, title: string, fault: string): Section {
  return { id, title, note: null, origins: [], fault, facts: [], chart: null, table: null };
}
