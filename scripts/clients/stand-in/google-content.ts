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
  const { thinking, text } = answer;
  return content(model, [...thoughts(thinking), ...(text === undefined ? [] : [{ text }]), ...callsOf(answer)], true);
}

export function contentEvents(answer: Answer, model: string): string[] {
  const parts = [
    ...pieces(answer.thinking).flatMap(thoughts),
    ...pieces(answer.text).map((text) => ({ text })),
    ...callsOf(answer),
  ];
  return parts.map((part, i) => `data: ${JSON.stringify(content(model, [part], i === parts.length - 1))}\r\n\r\n`);
}

function thoughts(text: string | undefined): object[] {
  return text === undefined ? [] : [{ text, thought: true }];
}

function callsOf({ calls = [] }: Answer): object[] {
  return calls.map((functionCall) => ({ functionCall, thoughtSignature: 'bWF0cml4' }));
}

function content(modelVersion: string, parts: readonly object[], last: boolean): object {
  const candidate = { content: { parts, role: 'model' }, ...(last && { finishReason: 'STOP' }), index: 0 };
  return { candidates: [candidate], usageMetadata, modelVersion, responseId: 'matrix' };
}
