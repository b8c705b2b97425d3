// The last trace of a caller's request as a small page. Neither script nor anything from elsewhere in it.

import type { SeenSpan } from './otlp.ts';

/** The newest trace of a request as bars; no script, nothing from elsewhere. */
export function page(spans: readonly SeenSpan[]): string {
  const last = spans.findLast(
    ({ kind, attributes }) => kind === 2 && !String(attributes['url.path']).startsWith('/-/'),
  );
  if (last === undefined) return '<!doctype html><title>Last trace</title><p>No request has been traced yet.';
  const own = spans.filter(({ traceId }) => traceId === last.traceId).toSorted((a, b) => a.startMs - b.startMs);
  const startMs = Math.min(...own.map((span) => span.startMs));
  const wholeMs = Math.max(...own.map((span) => span.endMs)) - startMs || 1;
  const rows = own.map((span) => {
    const left = (((span.startMs - startMs) / wholeMs) * 100).toFixed(2);
    const width = Math.max(0.3, ((span.endMs - span.startMs) / wholeMs) * 100).toFixed(2);
    const facts = Object.entries(span.attributes).map(([name, value]) => `${name} = ${String(value)}`);
    return `<details><summary><b>${safe(span.name)}</b> ${safe(span.service)} ${(span.endMs - span.startMs).toFixed(2)} ms
<i style="margin-left:${left}%;width:${width}%${span.failed ? ';background:#c33' : ''}"></i></summary><pre>${safe(facts.join('\n'))}</pre></details>`;
  });
  return `<!doctype html><meta charset="utf-8"><title>Last trace</title><style>body{font:14px system-ui;max-width:70em;margin:2em auto;padding:0 1em}
i{display:block;height:.5em;background:#36c;margin:.2em 0}pre{white-space:pre-wrap}</style><h1>${last.traceId}</h1>${rows.join('\n')}`;
}

function safe(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
