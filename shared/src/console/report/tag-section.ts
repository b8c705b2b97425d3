// The report's section of tags: of calls, and of subscriptions. Not what is asked (tags.ts).

import { tableSection, type Cell, type Column, type Section, type Table } from '../page.ts';
import { sectionOf } from '../told.ts';
import type { ReportData } from './report-data.ts';

/** Empty where no call and no subscription has one. */
export function tagSection(data: ReportData): Section {
  const title = 'Spend by tag';
  return sectionOf('tags', title, data.tags, (tags, origin) => {
    const columns: readonly Column[] = [
      { heading: 'Tag', kind: 'text' },
      { heading: 'Of the', kind: 'text' },
      { heading: 'Spend', kind: 'money' },
      { heading: 'Callers', kind: 'count' },
      { heading: 'Calls', kind: 'count' },
      { heading: 'Tokens', kind: 'count' },
      { heading: 'Without price', kind: 'count' },
    ];
    // Where no call has a tag there is nothing to tell apart.
    const shown = tags.every(({ tag }) => tag === null) ? [] : tags;
    const rows = shown.map((one): readonly Cell[] => [
      one.tag ?? 'no tag',
      one.tagged_by,
      one.cost_nano_usd,
      one.callers,
      one.calls,
      one.tokens,
      one.unpriced,
    ]);
    const note =
      'Tags of calls, then tags of subscriptions; each half has all calls. A call of several tags is in the line of each.';
    const table: Table = { columns, rows, total: null, empty: 'No call of these days has a tag.' };
    return tableSection('tags', title, table, {
      note,
      origins: origin('BigQuery, usage_by_tag', `${data.from} to ${data.to}`),
    });
  });
}
