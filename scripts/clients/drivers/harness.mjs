// Runs a client's methods through the cases and prints a line of JSON for each: what differed from what was expected,
// or null.

import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

/** The gateway, without a path, and a token for it. */
export const url = process.env.GATEWAY_URL;
export const token = process.env.GATEWAY_TOKEN;
export const models = { openai: 'gpt-5', anthropic: 'claude-sonnet-4-5', google: 'gemini-2.5-flash' };
/** A picture of one pixel. */
export const image = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJg';
/** The one tool, and the schema of structured output: an object with one or two members. */
export const toolName = 'get_weather';
export const toolText = 'Weather of a city';
export const toolSchema = objectOf({ city: { type: 'string' } });
export const structuredSchema = objectOf({ city: { type: 'string' }, celsius: { type: 'number' } });
/** What the tool answers. */
export const toolResult = '21 degrees';

const cases = JSON.parse(readFileSync(process.env.CASES_FILE, 'utf8'));
const caseTimeoutMs = 30_000;

/**
 * @param modes each `{ mode, dialect, text, stream, first, tools, thinking, image, structured }`; a method takes the
 * prompt and gives what cases.json
 *   expects, one that is missing is something the client can't do
 */
export async function run(modes) {
  for (const { mode, dialect, ...methods } of modes)
    for (const { name, method, scene, dialect: only = dialect, ...wanted } of cases) {
      if (methods[method] === undefined || only !== dialect) continue;
      const outcome = await settle(() => methods[method](`Answer please. case=${scene}`));
      console.log(JSON.stringify({ mode, case: name, difference: differenceOf(outcome, wanted) }));
    }
  // Some clients keep sockets or timers.
  process.exit(0);
}

async function settle(work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no end within ${caseTimeoutMs / 1000} s`)), caseTimeoutMs);
  });
  try {
    return { value: await Promise.race([work(), late]) };
  } catch (error) {
    return { error };
  } finally {
    clearTimeout(timer);
  }
}

function differenceOf({ value, error }, { expect, status, fails, refusal }) {
  // Clients tell it as an error of their own, as the model's words, or as an answer without any.
  if (refusal !== undefined) {
    const own = error !== undefined && statusOf(error) === null && !/no end within/.test(error.message);
    const said = error === undefined && ['', refusal].includes(value.text ?? '');
    if (own || said) return null;
    return error === undefined ? JSON.stringify(value) : told(error);
  }
  if (error !== undefined) {
    const got = statusOf(error);
    if (status !== undefined) return got === status ? null : `status ${got} in place of ${status}: ${told(error)}`;
    // A 4xx blames the caller: it is not the break that the case asks for.
    const refused = got !== null && got >= 400 && got < 500;
    return fails === true && !refused && !/no end within/.test(error.message) ? null : told(error);
  }
  if (expect === undefined) return `no error, but ${JSON.stringify(value)}`;
  return isDeepStrictEqual(JSON.parse(JSON.stringify(value)), expect)
    ? null
    : `${JSON.stringify(value)} in place of ${JSON.stringify(expect)}`;
}

/** Clients wrap errors in errors. */
function statusOf(error) {
  for (
    let inner = error, depth = 0;
    inner instanceof Error && depth < 5;
    inner = inner.cause ?? inner.lastError, depth++
  ) {
    const status = inner.status ?? inner.statusCode ?? inner.status_code;
    if (typeof status === 'number') return status;
  }
  return null;
}

function told(error) {
  return `${error?.name ?? 'Error'}: ${error?.message ?? String(error)}`;
}

function objectOf(properties) {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}
