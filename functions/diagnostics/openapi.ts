// `/-/openapi/{name}`: what can be asked for here, as OpenAPI documents, one for each kind of client. They are made by
// scripts/openapi; nobody needs a token to read them.

import { readFileSync } from 'node:fs';

/** Texts of the documents, by name. */
export const documents: Readonly<Record<string, string>> = {
  'cody.json': readFileSync(new URL('./openapi/cody.json', import.meta.url), 'utf8'),
  'openai.json': readFileSync(new URL('./openapi/openai.json', import.meta.url), 'utf8'),
  'anthropic.json': readFileSync(new URL('./openapi/anthropic.json', import.meta.url), 'utf8'),
  'google.json': readFileSync(new URL('./openapi/google.json', import.meta.url), 'utf8'),
};
