// The last trace of a caller's request as a small page: its steps as bars on one time line, with all they tell. No script, nothing from elsewhere.

import type { SeenSpan } from './otlp.ts';

const server = 2;
/** Requests that nobody sees in the page's list. */
const listedMax = 12;

/** @param spans as they arrived @param wanted a trace id; null: the newest request of a caller, or of the cloud itself where none has called yet */
export function tracePage(spans: readonly SeenSpan[], wanted: string | null): string {
  const roots = spans.filter(({ kind }) => kind === server);
  const callers = roots.filter(isCallers).toSorted((a, b) => a.endMs - b.endMs);
  const root = roots.findLast(({ traceId }) => traceId === wanted) ?? callers.at(-1) ?? roots.at(-1);
  if (root === undefined)
    return document('Last trace', '<p>No request has been traced yet: send one, then load this again.');
  const own = spans
    .filter(({ traceId, service }) => traceId === root.traceId && service === root.service)
    .toSorted((a, b) => a.startMs - b.startMs || b.endMs - a.endMs);
  const wholeMs = root.endMs - root.startMs || 1;
  const bars = own.map((span) => {
    const left = Math.max(0, ((span.startMs - root.startMs) / wholeMs) * 100);
    const width = Math.min(100 - left, Math.max(0.4, ((span.endMs - span.startMs) / wholeMs) * 100));
    return `<details${span === root ? ' open' : ''}><summary><span>${safe(span.name)}</span><b>${(span.endMs - span.startMs).toFixed(2)} ms</b>
<i class="${span.failed ? 'failed' : kindOf(span)}" style="margin-left:${left.toFixed(2)}%;width:${width.toFixed(2)}%"></i></summary>${facts(span)}</details>`;
  });
  const status = statusOf(root);
  const linked = spans.filter(({ links }) => links.some(({ spanId }) => spanId === root.spanId));
  const others = linked.map((span) => `<li>${link(span)} of ${safe(span.service)} works for it`);
  const recent = callers
    .slice(-listedMax)
    .toReversed()
    .map((span) => `<li>${link(span)} ${safe(statusOf(span))}`);
  return document(
    `${root.name} ${status}`,
    `<h1>${safe(root.name)} <small>${safe(status)} · ${safe(root.service)} · ${wholeMs.toFixed(1)} ms</small></h1>
<p><code>${root.traceId}</code>${bars.join('\n')}<ul>${others.join('')}</ul><h2>Requests</h2><ul>${recent.join('')}</ul>`,
  );
}

/** Tasks and schedules come to `/`, health checks to `/-/`. */
function isCallers({ attributes }: SeenSpan): boolean {
  const path = String(attributes['url.path']);
  return path !== '/' && path !== '/metrics' && !path.startsWith('/-/');
}

function statusOf({ attributes }: SeenSpan): string {
  return typeof attributes['http.response.status_code'] === 'number'
    ? String(attributes['http.response.status_code'])
    : '';
}

function kindOf({ kind }: SeenSpan): string {
  return kind === server ? 'request' : kind === 3 ? 'call' : 'step';
}

function facts({ attributes }: SeenSpan): string {
  const rows = Object.entries(attributes)
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([name, value]) => `<tr><th>${safe(name)}<td>${safe(pretty(String(value)))}`);
  return `<table>${rows.join('')}</table>`;
}

/** JSON is for machines: rows and limits are read by people here. */
function pretty(value: string): string {
  if (!/^[[{]/.test(value)) return value;
  try {
    return JSON.stringify(JSON.parse(value), null, 2);
  } catch {
    return value;
  }
}

function link({ traceId, name }: SeenSpan): string {
  return `<a href="?trace=${traceId}">${safe(name)}</a>`;
}

function document(title: string, body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${safe(title)}</title><style>
body{font:14px/1.5 system-ui,sans-serif;max-width:64em;margin:2em auto;padding:0 1em;color:#222}
h1{font-size:1.3em}h1 small{color:#666;font-weight:normal}h2{font-size:1em;margin-top:2em}
summary{display:grid;grid-template-columns:16em 6em 1fr;gap:1em;align-items:center;cursor:pointer;padding:.15em 0}
summary span{overflow-wrap:anywhere}summary b{font-weight:normal;text-align:right;font-variant-numeric:tabular-nums}
i{display:block;height:.7em;border-radius:2px}.request{background:#9aa5b1}.step{background:#3b73c4}.call{background:#d08a1d}.failed{background:#c0362c}
table{margin:.3em 0 1em 1em;border-collapse:collapse}th{text-align:left;font-weight:normal;color:#666;padding-right:1.5em;vertical-align:top;white-space:nowrap}
td{white-space:pre-wrap;overflow-wrap:anywhere;font-family:ui-monospace,monospace;font-size:12px}
</style>${body}</html>`;
}

function safe(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
