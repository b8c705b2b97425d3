// What a provider says that it billed: its console's export of costs as CSV, by model and day. Which columns a
// provider's file has is told here, by their names.

/** Dollars of a model on a day of UTC. */
export interface BilledLine {
  /** `yyyy-mm-dd`. */
  readonly day: string;
  /** As the provider calls it, without the day of a snapshot; null: what is of no model. */
  readonly model: string | null;
  readonly usd: number;
}

/** Of the exports that are understood: which column has what. */
const forms: readonly { readonly day: string; readonly model: string; readonly usd: string }[] = [
  // Anthropic's console, Cost: a line a day, model, kind of token, workspace.
  { day: 'usage_date_utc', model: 'model', usd: 'cost_usd' },
  // OpenAI's platform, Usage, Costs: a line a day and line item such as `gpt-4o-2024-08-06, input`.
  { day: 'start_time_iso', model: 'line_item', usd: 'amount_value' },
];

/** @throws Error that names the line, for a file of another form */
export function readProviderBill(text: string): BilledLine[] {
  const [head = [], ...rows] = csv(text.replace(/^\uFEFF/, ''));
  const names = head.map((name) => name.trim().toLowerCase());
  const form = forms.find((one) => Object.values(one).every((name) => names.includes(name)));
  if (form === undefined)
    throw new Error(
      `the export has the columns ${names.join(', ')}; understood are those with ${forms.map((one) => Object.values(one).join(', ')).join(', or with ')}`,
    );
  const at = (row: readonly string[], name: string): string => (row[names.indexOf(name)] ?? '').trim();
  return rows.map((row, i) => {
    const [day, item, amount] = [at(row, form.day).slice(0, 10), at(row, form.model), at(row, form.usd)];
    const usd = amount === '' ? NaN : Number(amount);
    if (!/^\d{4}-\d\d-\d\d$/.test(day) || !Number.isFinite(usd))
      throw new Error(`line ${i + 2} of the export: ${JSON.stringify(row.join(','))} has no day or no amount`);
    return { day, model: modelName(item.split(',')[0] ?? ''), usd };
  });
}

/** As both sides are compared: without provider, day of a snapshot and case. */
export function modelName(text: string): string | null {
  const name = text
    .trim()
    .toLowerCase()
    .replace(/^[a-z]+\//, '')
    .replace(/[-@](20\d{2}-\d{2}-\d{2}|20\d{6})$/, '');
  return name === '' ? null : name.replaceAll(' ', '-');
}

/** RFC 4180; empty lines are none. */
function csv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain = '', end = ''] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
    rows.at(-1)?.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end !== ',') rows.push([]);
  }
  return rows.filter((row) => row.some((cell) => cell !== ''));
}
