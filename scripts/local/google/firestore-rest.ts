// The one call of Firestore's REST API that the gateway makes, documents:batchGet, over the emulator's documents. Not
// gRPC (firestore.ts).

import { createServer, type Server } from 'node:http';
import { textOf } from './request-text.ts';

const bodyBytesMax = 1024 * 1024;

/** The emulator's documents, each as a message of google.firestore.v1 with the names of its proto file. */
export interface EmulatedDocuments {
  getDocument(name: string): {
    readonly metadata: { readonly hasExist: boolean };
    toV1DocumentObject(): EmulatedDocument;
  };
}
interface EmulatedDocument {
  readonly name: string;
  readonly fields?: Readonly<Record<string, EmulatedValue>>;
  readonly create_time: EmulatedTime;
  readonly update_time: EmulatedTime;
}
interface EmulatedTime {
  readonly seconds: number;
  readonly nanos: number;
}
type EmulatedValue = Readonly<Record<string, unknown>>;

/** Answers it; it listens nowhere itself. Like Google's emulator it lets in who says that it is the owner. */
export function firestoreRest(documents: EmulatedDocuments): Server {
  return createServer((request, response) => {
    const answer = (status: number, body: object): void =>
      void response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify(body));
    const fail = (code: number, status: string, message: string): void =>
      answer(code, [{ error: { code, status, message } }]);
    textOf(request, bodyBytesMax)
      .then((text) => {
        const [, database] =
          /^\/v1\/(projects\/[^/]+\/databases\/[^/]+)\/documents:batchGet$/.exec(request.url ?? '') ?? [];
        if (request.method !== 'POST' || database === undefined)
          return fail(404, 'NOT_FOUND', `${request.method} ${request.url} is not emulated, documents:batchGet is`);
        if (request.headers.authorization !== 'Bearer owner')
          return fail(403, 'PERMISSION_DENIED', 'the emulator takes the token "owner" alone');
        const { documents: names = [] } = JSON.parse(text) as { documents?: string[] };
        const foreign = names.find((name) => !name.startsWith(`${database}/documents/`));
        if (foreign !== undefined) return fail(400, 'INVALID_ARGUMENT', `${foreign} is not in ${database}`);
        const readTime = new Date().toISOString();
        const found = names.map((name) => {
          const document = documents.getDocument(name);
          return document.metadata.hasExist
            ? { found: documentOf(document.toV1DocumentObject()), readTime }
            : { missing: name, readTime };
        });
        return answer(200, found);
      })
      .catch((error: unknown) => fail(400, 'INVALID_ARGUMENT', String(error)));
  });
}

function documentOf({ name, fields = {}, create_time, update_time }: EmulatedDocument): object {
  return { name, fields: fieldsOf(fields), createTime: timeOf(create_time), updateTime: timeOf(update_time) };
}

function fieldsOf(fields: Readonly<Record<string, EmulatedValue>>): object {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, valueOf(value)]));
}

/** As proto3's JSON has it: names in camel case, integers as texts, empty lists and maps left out. */
function valueOf(value: EmulatedValue): object {
  const [type = '', content] = Object.entries(value)[0] ?? [];
  switch (type) {
    case 'string_value':
      return { stringValue: content };
    case 'boolean_value':
      return { booleanValue: content };
    case 'null_value':
      return { nullValue: null };
    case 'integer_value':
      return { integerValue: String(content) };
    case 'double_value':
      return { doubleValue: Number.isFinite(content) ? content : String(content) };
    case 'timestamp_value':
      return { timestampValue: timeOf(content as EmulatedTime) };
    case 'array_value': {
      const { values = [] } = content as { values?: EmulatedValue[] };
      return { arrayValue: values.length === 0 ? {} : { values: values.map(valueOf) } };
    }
    case 'map_value': {
      const { fields = {} } = content as { fields?: Record<string, EmulatedValue> };
      return { mapValue: Object.keys(fields).length === 0 ? {} : { fields: fieldsOf(fields) } };
    }
    default:
      throw new Error(`the emulator's REST API knows no ${type}`);
  }
}

function timeOf({ seconds, nanos }: EmulatedTime): string {
  const fraction = nanos === 0 ? '' : `.${String(Math.trunc(nanos / 1_000)).padStart(6, '0')}`;
  return `${new Date(seconds * 1_000).toISOString().slice(0, 19)}${fraction}Z`;
}
