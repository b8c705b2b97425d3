// The question to Sourcegraph.com: where does this code stand. Not who may ask it, nor the reply's shape for callers.

import { FetchFailed, fetchJson } from '@cody-gateway/shared/http';
import * as v from 'valibot';

/**
 * Instances wait more than 20 s for an answer (shared/COMPATIBILITY.md#attribution); the function's own time is 60 s.
 */
const timeoutMs = 50_000;
/** Four repositories and two numbers take some hundred bytes. */
const answerBytesMax = 64 * 1024;

const query = `query SnippetAttribution($snippet: String!, $first: Int!) {
  snippetAttribution(snippet: $snippet, first: $first) {
    totalCount
    limitHit
    nodes { repositoryName }
  }
}`;

const schema = v.object({
  data: v.object({
    snippetAttribution: v.object({
      totalCount: v.pipe(v.number(), v.integer()),
      limitHit: v.boolean(),
      nodes: v.array(v.object({ repositoryName: v.string() })),
    }),
  }),
});

/** What Sourcegraph.com found. */
export interface Attribution {
  readonly totalCount: number;
  readonly limitHit: boolean;
  readonly repositories: readonly string[];
}

/** Where and as whom to ask. */
export interface SearchSettings {
  readonly url: string;
  readonly token: string;
}

/** Why there is no answer, in words for callers: never an address, a token or the snippet. */
export class SearchFailed extends Error {
  override readonly name = 'SearchFailed';
}

/** @throws SearchFailed; the caller's AbortError */
export async function searchAttribution(
  { url, token }: SearchSettings,
  snippet: string,
  first: number,
  callerLeft: AbortSignal,
): Promise<Attribution> {
  try {
    const { status, body } = await fetchJson({
      url,
      headers: { authorization: `token ${token}`, 'user-agent': 'cody-gateway' },
      body: JSON.stringify({ query, variables: { snippet, first } }),
      timeoutMs,
      answerBytesMax,
      signal: callerLeft,
    });
    if (status !== 200) throw new SearchFailed(`unexpected status ${status}`);
    if (body === undefined) throw new SearchFailed('an answer that is no JSON');
    const answer = v.safeParse(schema, body);
    if (!answer.success) throw new SearchFailed('an answer of another shape');
    const { totalCount, limitHit, nodes } = answer.output.data.snippetAttribution;
    return { totalCount, limitHit, repositories: nodes.map(({ repositoryName }) => repositoryName) };
  } catch (error) {
    if (error instanceof FetchFailed) throw new SearchFailed(error.message, { cause: error.cause });
    throw error;
  }
}
