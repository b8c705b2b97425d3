// The OpenAPI 3.1 documents, one for each kind of client: made of the functions' routes and of the words and shapes of
// operations.ts. A route that nothing describes, or a description without its route, is a fault.

import { chooseTarget } from '../local/router.ts';
import type { FunctionFile } from '../functions/function-files.ts';
import { operations, undocumented, type DocumentName, type Operation } from './operations.ts';
import { shapes, type Schema } from './shapes.ts';

/** An OpenAPI document. */
export type OpenApi = Readonly<Record<string, unknown>>;

const titles: Readonly<Record<DocumentName, string>> = {
  cody: 'Cody Gateway for Sourcegraph instances, Cody clients and operators',
  openai: 'Cody Gateway for OpenAI’s clients',
  anthropic: 'Cody Gateway for Anthropic’s clients',
  google: 'Cody Gateway for Google’s clients',
};
const errors: Readonly<Record<DocumentName, string>> = {
  cody: 'CodyError',
  openai: 'OpenAiError',
  anthropic: 'AnthropicError',
  google: 'GoogleError',
};
/** Sourcegraph instances know one refusal, by its text and headers, whatever was used up. */
const limited: Readonly<Record<DocumentName, string>> = {
  cody: 'The quota, or a budget in dollars, is used up, or calls come too fast. Says when to retry.',
  openai: told('`x-should-retry: false` where waiting does not help soon'),
  anthropic: told('`x-should-retry: false` where waiting does not help soon'),
  google: told('`retry-after` where waiting helps'),
};

function told(how: string): string {
  return `Calls come too fast, the quota is used up, or a budget in dollars is: used up, held by calls in flight, or less than this call may cost. The message says which, in dollars, and what to do; ${how}.`;
}

function limitHeaders(document: DocumentName): Schema {
  const header = (description: string): Schema => ({ description, schema: { type: 'string' } });
  return {
    'retry-after': header('A date. Left out where the call would be refused then, too.'),
    ...(document !== 'cody' && { 'x-should-retry': header('`false`: another try would be refused as well.') }),
  };
}

/** The header in which each kind of client has its key; beside them all take `Authorization: Bearer`. */
const keyHeaders: Readonly<Partial<Record<DocumentName, string>>> = {
  anthropic: 'x-api-key',
  google: 'x-goog-api-key',
};
const bearer = {
  token: 'A subscription’s or user’s token.',
  operator: 'The diagnostics secret.',
  reader: 'An access token of the accounts server with the scope cody_gateway::flaggedprompts::read.',
} as const;

/** Answers that are no JSON, by their content type. */
const texts: Readonly<Record<string, string>> = { text: 'text/plain', lines: 'application/x-ndjson' };

/** By name. @param files every function.json @throws Error that lists what does not fit */
export function openApiDocuments(files: readonly FunctionFile[]): Readonly<Record<DocumentName, OpenApi>> {
  const faults = openApiFaults(files);
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return Object.fromEntries(
    Object.keys(titles).map((name) => [name, documentOf(name as DocumentName, files)]),
  ) as Record<DocumentName, OpenApi>;
}

/** Who serves an operation, or null; the default's answer to unknown paths is no service. */
function functionOf(files: readonly FunctionFile[], { path, method, features }: Operation): FunctionFile | null {
  const url = path.replaceAll(/\{\w+\}/g, 'x');
  const targets = files.map((file) => ({ file, url: '' }));
  const file = chooseTarget(targets, { url, method, feature: features?.[0] })?.file;
  const serves = file?.routes.some((route) => isOf(route, url) && route.methods.some((one) => one === method));
  return file !== undefined && serves === true ? file : null;
}

function isOf(route: FunctionFile['routes'][number], url: string): boolean {
  return route.path.endsWith('*') ? url.startsWith(route.path.slice(0, -1)) : route.path === url;
}

/**
 * What is served and not described, or the other way round: one sentence each.
 * @param files every function.json
 */
export function openApiFaults(files: readonly FunctionFile[]): string[] {
  const unserved = operations
    .filter((operation) => functionOf(files, operation) === null)
    .map(
      ({ method, path }) =>
        `${method} ${path} is described in scripts/openapi/operations.ts, and no function.json has it`,
    );
  const served = files.filter(({ trigger }) => trigger === 'http').flatMap(({ routes }) => routes);
  const undescribed = served
    .filter(({ path }) => !(path in undocumented))
    .flatMap((route) =>
      route.methods
        // What is there for GET is there for HEAD; OPTIONS and DELETE are never more than an answer that says no.
        .filter((method) => method === 'GET' || method === 'POST')
        .filter(
          (method) =>
            !operations.some((one) => one.method === method && isOf(route, one.path.replaceAll(/\{\w+\}/g, 'x'))),
        )
        .map(
          (method) =>
            `${method} ${route.path} is in a function.json, and scripts/openapi/operations.ts neither describes it nor has it among those left undocumented`,
        ),
    );
  const idle = Object.keys(undocumented).filter((path) => !served.some((route) => route.path === path));
  const named = new Set(operations.flatMap(({ request, answer }) => [request ?? [], answer ?? []].flat()));
  return [
    ...[...named]
      .filter((name) => !(name in texts) && shapes[name] === undefined)
      .map((name) => `scripts/openapi/shapes.ts has no ${name}, which scripts/openapi/operations.ts names`),
    ...unserved,
    ...new Set(undescribed),
    ...idle.map((path) => `${path} is left undocumented in scripts/openapi/operations.ts, and no function.json has it`),
  ];
}

function documentOf(name: DocumentName, files: readonly FunctionFile[]): OpenApi {
  const own = operations.filter(({ document }) => document === name);
  const byPath = Map.groupBy(own, ({ path }) => path);
  const functions = files.filter((file) => own.some((one) => functionOf(files, one) === file));
  const used = new Set(
    own.flatMap((one) => {
      const { answers, refusals } = shapesOf(one);
      return [one.request ?? [], ...answers, ...refusals].flat();
    }),
  );
  const paths = [...byPath].map(([path, of]) => [
    path,
    Object.fromEntries(
      of.map((one) => [one.method.toLowerCase(), operationOf(one, functionOf(files, one)?.name ?? '')]),
    ),
  ]);
  return {
    openapi: '3.1.0',
    info: {
      title: titles[name],
      version: '1',
      description: 'Members that are not described are the provider’s: they pass as they are.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'Where this document was read.' }],
    tags: functions.map((file) => ({ name: file.name, description: file.description })),
    security: securityOf(name),
    paths: Object.fromEntries(paths) as Schema,
    components: {
      securitySchemes: schemesOf(name, own),
      schemas: Object.fromEntries(withReferred(used).map((shape) => [shape, shapes[shape]])),
    },
  };
}

function securityOf(name: DocumentName): object[] {
  return [{ token: [] }, ...(keyHeaders[name] === undefined ? [] : [{ key: [] }])];
}

function schemesOf(name: DocumentName, own: readonly Operation[]): Schema {
  const scheme = (description: string): Schema => ({ type: 'http', scheme: 'bearer', description });
  const header = keyHeaders[name];
  const others = (['operator', 'reader'] as const).filter((access) => own.some((one) => one.access === access));
  return {
    token: scheme(bearer.token),
    ...(header !== undefined && { key: { type: 'apiKey', in: 'header', name: header, description: bearer.token } }),
    ...Object.fromEntries(others.map((access) => [access, scheme(bearer[access])])),
  };
}

/** No single schema: clients read it event by event, or as one text. */
const events = { schema: { description: 'Server-sent events; the data of each is JSON in the provider’s shape.' } };

/** Shapes of answers and of errors: the operation's own first, then those of others that share its path. */
function shapesOf({ document, method, path, answer, sharedWith }: Operation): {
  answers: string[];
  refusals: string[];
} {
  const other = operations.find((one) => one.document === sharedWith && one.method === method && one.path === path);
  return {
    answers: [answer ?? [], other?.answer ?? []].flat().filter((shape) => !(shape in texts)),
    refusals: [errors[document], ...(sharedWith === undefined ? [] : [errors[sharedWith]])],
  };
}

/** Also the shapes that shapes refer to. */
function withReferred(names: ReadonlySet<string>): string[] {
  const all = new Set(names);
  // A set may grow while it is walked.
  for (const name of all) {
    if (shapes[name] === undefined) throw new Error(`scripts/openapi/shapes.ts has no ${name}`);
    for (const [, other] of JSON.stringify(shapes[name]).matchAll(/#\/components\/schemas\/(\w+)/g))
      all.add(other ?? '');
  }
  return [...all].toSorted();
}

function operationOf(operation: Operation, tag: string): Schema {
  const { document, id, summary, request, answer, streams, features, access, path, query, example } = operation;
  const { named: values = {} } = operation;
  const { answers, refusals } = shapesOf(operation);
  const ref = (shape: string): Schema => ({ $ref: `#/components/schemas/${shape}` });
  const json = ([first = '', ...more]: readonly string[]): Schema => ({
    'application/json': { schema: more.length === 0 ? ref(first) : { anyOf: [first, ...more].map(ref) } },
  });
  const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
    ...(values[name] !== undefined && { example: values[name] }),
  }));
  const feature = {
    name: 'X-Sourcegraph-Feature',
    in: 'header',
    required: true,
    schema: { type: 'string', enum: features },
  };
  const queries = Object.entries(query ?? {}).map(([name, { description, values }]) => ({
    name,
    in: 'query',
    required: false,
    description,
    schema: { type: 'string', enum: values },
  }));
  const parameters = [...named, ...(features === undefined ? [] : [feature]), ...queries];
  const content =
    answer === null
      ? null
      : answer in texts
        ? { [texts[answer] ?? '']: { schema: { type: 'string' } } }
        : { ...json(answers), ...(streams === true && { 'text/event-stream': events }) };
  // Operators and people are told in a line of text, or by the status alone.
  const error = (description: string): Schema => ({
    description,
    ...(access === undefined && { content: json(refusals) }),
  });
  return {
    operationId: id,
    summary,
    tags: [tag],
    ...(access !== undefined && { security: access === 'nobody' ? [] : [{ [access]: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(request !== undefined && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: ref(request), example } },
      },
    }),
    responses: {
      200: { description: 'Served.', ...(content !== null && { content }) },
      // A request without a body calls no model, so no limit refuses it.
      ...(request !== undefined && { 429: { ...error(limited[document]), headers: limitHeaders(document) } }),
      '4XX': error('Refused, with what to do.'),
      '5XX': error('Failed here or at the provider.'),
    },
  };
}
