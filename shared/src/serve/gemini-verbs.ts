// The verbs that Gemini's dialect writes behind a model in the path. Not what each does (functions/generate-content).

/** All that are served. */
export const geminiVerbs = [
  'generateContent',
  'streamGenerateContent',
  'countTokens',
  'embedContent',
  'batchEmbedContents',
] as const;

/** One of them. */
export type GeminiVerb = (typeof geminiVerbs)[number];

const verbPath = new RegExp(`^/v1(beta)?/.+:(${geminiVerbs.join('|')})$`);

/**
 * Whether a path calls one of them. Below `/v1/models/` one function serves verbs and another serves names of models,
 * and either may be asked which methods a path takes.
 */
export function isVerbPath(path: string): boolean {
  return verbPath.test(path);
}
