// A caller's request as a small page: its steps as bars on one time line, with all they tell, and the requests before
// it. No script, nothing from elsewhere.

import type { SeenSpan } from './otlp.ts';

const server = 2;
/** Requests in the page's list. */
const listedMax = 30;
const refreshSeconds = 3;

/**
 * @param spans as they arrived @param asked the page's query: `trace` is a trace id (else the newest completion, or
 * whatever there is), `show=all` lists every request of a caller instead of completions and embeddings, `find` those
 * with this text, `refresh=on` loads itself again
 */
export function tracePage(spans: readonly SeenSpan[], asked: URLSearchParams): string {
  const wanted = asked.get('trace');
  const roots = spans.filter(({ kind }) => kind === server);
  const callers = roots.filter(isCallers).toSorted((a, b) => a.endMs - b.endMs);
  const completions = callers.filter(isCompletion);
  const root =
    roots.findLast(({ traceId }) => traceId === wanted) ?? completions.at(-1) ?? callers.at(-1) ?? roots.at(-1);
  const refresh = asked.get('refresh') === 'on';
  if (root === undefined)
    return document(
      'Traces of the local cloud',
      '<p>No request has been traced yet: send one. This page loads itself again.',
      true,
    );
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
  const shown = asked.get('show') === 'all' || completions.length === 0 ? callers : completions;
  const modelOf = modelsOf(spans);
  const text = asked.get('find') ?? '';
  const found = shown.filter((span) => wordsOf(span, modelOf(span)).includes(text.toLowerCase()));
  const rows = found
    .slice(-listedMax)
    .toReversed()
    .map(
      (span) => `<tr${span === root ? ' class="this"' : ''}><td>${timeOf(span)}<td>${linkTo(span, asked)}
<td>${safe(modelOf(span))}<td class="number">${(span.endMs - span.startMs).toFixed(0)} ms<td>${safe(statusOf(span))}<td>${safe(span.service)}`,
    );
  const list = `<h2>Requests</h2>${filterForm(asked, wanted, callers.length - completions.length)}
<table class="list"><tr><th>time<th>request<th>model<th>duration<th>status<th>function${rows.join('')}</table>
<p>${found.length > listedMax ? `The latest ${listedMax} of ${found.length}.` : found.length === 0 ? 'None.' : ''}`;
  return document(
    `${root.name} ${status}`,
    `<h1>${safe(root.name)} <small>${safe(status)} · ${safe(root.service)} · ${wholeMs.toFixed(1)} ms</small></h1>
<p><code>${root.traceId}</code>${bars.join('\n')}<ul>${others.join('')}</ul>${list}`,
    refresh,
  );
}

/** Tasks and schedules come to `/`, health checks to `/-/`. */
function isCallers({ attributes }: SeenSpan): boolean {
  const path = String(attributes['url.path']);
  return path !== '/' && path !== '/metrics' && !path.startsWith('/-/');
}

/**
 * What the gateway is there for, in every dialect; limits, models, counts of tokens and the like are asked in between.
 */
export function isCompletion({ attributes }: Pick<SeenSpan, 'attributes'>): boolean {
  const path = String(attributes['url.path']);
  return (
    attributes['http.request.method'] === 'POST' &&
    /^\/v1(beta)?\//.test(path) &&
    !/\/limits\/|\/count_tokens$|:countTokens$|\/input_tokens$/.test(path)
  );
}

/** The model of each trace's call, as its provider calls it; as the gateway does, where no provider was called. */
function modelsOf(spans: readonly SeenSpan[]): (span: SeenSpan) => string {
  const models = new Map<string, string>();
  for (const { traceId, attributes } of spans) {
    const model = attributes['gen_ai.request.model'];
    if (typeof model === 'string') models.set(traceId, model);
  }
  return ({ traceId, attributes: { model } }) => models.get(traceId) ?? (typeof model === 'string' ? model : '');
}

/** Of the day, on this machine's clock. */
function timeOf({ startMs }: SeenSpan): string {
  return new Date(startMs).toTimeString().slice(0, 8);
}

function wordsOf(span: SeenSpan, model: string): string {
  return [span.name, model, statusOf(span), span.service, span.traceId].join(' ').toLowerCase();
}

/** A form without a script: its fields are the page's query. */
function filterForm(asked: URLSearchParams, wanted: string | null, others: number): string {
  const check = (name: string, value: string, label: string): string =>
    `<label><input type="checkbox" name="${name}" value="${value}"${asked.get(name) === value ? ' checked' : ''}> ${label}</label>`;
  return `<form>${wanted === null ? '' : `<input type="hidden" name="trace" value="${safe(wanted)}">`}
<input name="find" value="${safe(asked.get('find') ?? '')}" placeholder="path, model, status, trace" size="30">
${check('show', 'all', `the ${others} other requests too`)} ${check('refresh', 'on', `again every ${refreshSeconds} s`)} <button>Show</button></form>`;
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

/** Within the list, which stays as it is filtered; a page that loads itself again would lose what is read. */
function linkTo({ traceId, name }: SeenSpan, asked: URLSearchParams): string {
  const query = new URLSearchParams([...asked].filter(([key]) => key === 'find' || key === 'show'));
  query.set('trace', traceId);
  return `<a href="?${safe(query.toString())}">${safe(name)}</a>`;
}

function document(title: string, body: string, refresh = false): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8">${refresh ? `<meta http-equiv="refresh" content="${refreshSeconds}">` : ''}<title>${safe(title)}</title><style>
:root{color-scheme:light dark;--dim:light-dark(#5b6470,#9aa5b1)}
body{font:14px/1.5 system-ui,sans-serif;max-width:64em;margin:2em auto;padding:0 1em;color:light-dark(#222,#ddd);background:light-dark(#fff,#16191d)}
a{color:light-dark(#1a56b0,#7fb2ff)}h1{font-size:1.3em}h1 small{color:var(--dim);font-weight:normal}h2{font-size:1em;margin-top:2em}
summary{display:grid;grid-template-columns:16em 6em 1fr;gap:1em;align-items:center;cursor:pointer;padding:.15em 0}
summary span{overflow-wrap:anywhere}summary b{font-weight:normal;text-align:right;font-variant-numeric:tabular-nums}
i{display:block;height:.7em;border-radius:2px}.request{background:#9aa5b1}.step{background:#3b73c4}.call{background:#d08a1d}.failed{background:#c0362c}
table{margin:.3em 0 1em 1em;border-collapse:collapse}th{text-align:left;font-weight:normal;color:var(--dim);padding-right:1.5em;vertical-align:top;white-space:nowrap}
.list{margin:1em 0;width:100%}.list td,.list th{padding:.15em 1em .15em 0;font:inherit}.number{text-align:right}.list .number,.list td:first-child{white-space:nowrap}.this{background:light-dark(#eef2f7,#252b33)}form{display:flex;gap:1em;flex-wrap:wrap;align-items:center}
td{white-space:pre-wrap;overflow-wrap:anywhere;font-family:ui-monospace,monospace;font-size:12px}
</style>${body}</html>`;
}

function safe(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
