// A scene's answer as Google's Gemini API says it, whole and streamed.

import { pieces } from './openai-chat.ts';
import type { Answer } from './scene.ts';

const usageMetadata = {
  promptTokenCount: 20,
  cachedContentTokenCount: 4,
  candidatesTokenCount: 6,
  thoughtsTokenCount: 3,
  totalTokenCount: 29,
};

export function wholeContent(answer: Answer, model: string): object {
  const { thinking, text, cites } = answer;
  if (answer.refusal !== undefined) return refused(model);
  return content(
    model,
    [...thoughts(thinking), ...(text === undefined ? [] : [{ text }]), ...callsOf(answer)],
    true,
    cites,
  );
}

export function contentEvents(answer: Answer, model: string): string[] {
  if (answer.refusal !== undefined) return [`data: ${JSON.stringify(refused(model))}\r\n\r\n`];
  const parts = [
    ...pieces(answer.thinking).flatMap(thoughts),
    ...pieces(answer.text).map((text) => ({ text })),
    ...callsOf(answer),
  ];
  return parts.map(
    (part, i) => `data: ${JSON.stringify(content(model, [part], i === parts.length - 1, answer.cites))}\r\n\r\n`,
  );
}

function thoughts(text: string | undefined): object[] {
  return text === undefined ? [] : [{ text, thought: true }];
}

function grounding({ title, url: uri }: NonNullable<Answer['cites']>): object {
  return {
    groundingChunks: [{ web: { uri, title } }],
    groundingSupports: [{ segment: { startIndex: 0, endIndex: 6 }, groundingChunkIndices: [0] }],
    webSearchQueries: ['a page'],
  };
}

function callsOf({ calls = [] }: Answer): object[] {
  return calls.map((functionCall) => ({ functionCall, thoughtSignature: 'bWF0cml4' }));
}

/** Google gives no words for it. */
function refused(modelVersion: string): object {
  const candidates = [{ finishReason: 'SAFETY', index: 0 }];
  return { candidates, usageMetadata, modelVersion, responseId: 'matrix' };
}

function content(modelVersion: string, parts: readonly object[], last: boolean, cites?: Answer['cites']): object {
  const candidate = {
    content: { parts, role: 'model' },
    ...(last && { finishReason: 'STOP' }),
    ...(last && cites !== undefined && { groundingMetadata: grounding(cites) }),
    index: 0,
  };
  return { candidates: [candidate], usageMetadata, modelVersion, responseId: 'matrix' };
}
