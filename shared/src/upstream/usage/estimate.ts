// What a call may have been billed for that nobody reported: it was left, it broke off, its provider tells no usage.
// By what was sent and written.

import { bytesPerToken } from '../../catalogue/catalogue.ts';
import type { Call } from '../call.ts';
import type { ServedUsage, UsageReport } from './served-usage.ts';

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
  const { promptSize } = call;
  // What is written where nobody sees it takes its time: in an answer that is no stream, or before a model that thinks
  // says its first word.
  const isHidden = !whole && (!call.stream || (written === 0 && call.model?.row.reasons === true));
  const hidden = isHidden ? (ms / 1_000) * tokensPerSecond : 0;
  const most = Math.min(promptSize.maxTokens ?? Infinity, call.model?.row.outputTokens ?? Infinity);
  const output = Math.ceil(Math.max(written / bytesPerToken, Math.min(hidden, most)));
  const [first = { model: null, counts: {} }, ...others] = report.parts;
  const { output: reported = 0, reasoning = 0 } = first.counts;
  const counts = {
    ...(report.told === 'nothing' && {
      input: Math.ceil(promptSize.bytes / bytesPerToken),
      image_input: promptSize.images * tokensPerImage,
    }),
    ...first.counts,
    output: Math.max(reported, output - reasoning),
  };
  return [{ ...first, counts, estimated: true }, ...others];
}
