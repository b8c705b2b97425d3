// What a call may have been billed for that nobody reported: it was left, it broke off, its provider tells no usage.
// By what was sent and written.

import { bytesPerToken } from '../../catalogue/catalogue.ts';
import type { Call } from '../call.ts';
import { dialectNamed } from '../dialects.ts';
import { promptText } from '../prompt-text.ts';
import { requestObject, withoutMembers } from '../request-body.ts';
import type { ServedUsage, UsageReport } from './served-usage.ts';
import { bytesOf } from './written.ts';

/** Providers count a picture as some hundred to some thousand tokens, by its size, which is theirs to find out. */
const tokensPerImage = 1_000;
/** Large models write some 50 to 150 a second. */
const tokensPerSecond = 100;

/** What became of an answer. */
export interface Unreported {
  readonly report: UsageReport;
  /** Bytes that the model wrote before the answer ended. */
  readonly written: number;
  /** The answer came to its end: what was written is all. */
  readonly whole: boolean;
  /** From the request to the end. */
  readonly ms: number;
}

/** What was reported, with estimates for the rest. */
export function withEstimates(call: Call, { report, written, whole, ms }: Unreported): readonly ServedUsage[] {
  if (report.told === 'all') return report.parts;
  const body = requestObject(JSON.parse(call.body));
  const { api } = dialectNamed(call.dialect);
  const schemas = ['tools', 'functions'];
  // Schemas are read whole, their names and braces, too.
  const schemaBytes = schemas.reduce((sum, member) => sum + bytesOf(JSON.stringify(body[member])), 0);
  const prompt = promptText(withoutMembers(body, ...schemas), api);
  // What is written where nobody sees it takes its time: in an answer that is no stream, or before a model that thinks
  // says its first word.
  const isHidden = !whole && (!call.stream || (written === 0 && call.model?.row.reasons === true));
  const hidden = isHidden ? (ms / 1_000) * tokensPerSecond : 0;
  const most = Math.min(prompt.maxTokens ?? Infinity, call.model?.row.outputTokens ?? Infinity);
  const output = Math.ceil(Math.max(written / bytesPerToken, Math.min(hidden, most)));
  const [first = { model: null, counts: {} }, ...others] = report.parts;
  const { output: reported = 0, reasoning = 0 } = first.counts;
  const counts = {
    ...(report.told === 'nothing' && {
      input: Math.ceil((bytesOf(prompt.text()) + schemaBytes) / bytesPerToken),
      image_input: imagesIn(call.body) * tokensPerImage,
    }),
    ...first.counts,
    output: Math.max(reported, output - reasoning),
  };
  return [{ ...first, counts, estimated: true }, ...others];
}

/** By their marks in the request's JSON, where a text's own quotes are escaped. */
function imagesIn(body: string): number {
  return body.match(/"type":"(?:input_)?image(?:_url)?"|"mime_?[tT]ype":"image\//g)?.length ?? 0;
}
