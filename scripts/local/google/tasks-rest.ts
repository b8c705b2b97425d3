// CreateTask of Cloud Tasks' REST API: its JSON into the message that gRPC would bring (tasks.ts), and a refusal into
// Google's JSON.

import { createServer, type Server } from 'node:http';
import * as grpc from '@grpc/grpc-js';
import * as v from 'valibot';
import { textOf } from './request-text.ts';

/** The message of CreateTask as proto-loader makes it. */
export interface CreateTask {
  readonly parent: string;
  readonly task: {
    readonly name: string;
    readonly scheduleTime: Instant | null;
    readonly dispatchDeadline: Instant | null;
    readonly httpRequest: {
      readonly url: string;
      readonly httpMethod: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: Buffer;
    } | null;
  };
}

/** A time, or a length of time. */
export interface Instant {
  readonly seconds: string;
  readonly nanos: number;
}

/** What became of a task. */
export type CreateTaskAnswer = { readonly name: string } | { readonly code: grpc.status; readonly details: string };

const bodyBytesMax = 8 * 1024 * 1024;
const text = v.optional(v.string(), '');
/** As strict as the service, to which an unknown name is an error. */
const createSchema = v.strictObject({
  task: v.strictObject({
    name: text,
    httpRequest: v.optional(
      v.strictObject({
        url: v.string(),
        httpMethod: v.optional(v.picklist(['POST', 'GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']), 'POST'),
        headers: v.optional(v.record(v.string(), v.string()), {}),
        body: v.optional(v.pipe(v.string(), v.base64()), ''),
        oidcToken: v.optional(v.strictObject({ serviceAccountEmail: v.string(), audience: text })),
      }),
    ),
  }),
});
/** Of the codes that the stand-in gives. */
const httpStatus: Readonly<Record<number, number>> = {
  [grpc.status.INVALID_ARGUMENT]: 400,
  [grpc.status.PERMISSION_DENIED]: 403,
  [grpc.status.NOT_FOUND]: 404,
  [grpc.status.ALREADY_EXISTS]: 409,
  [grpc.status.ABORTED]: 409,
  [grpc.status.RESOURCE_EXHAUSTED]: 429,
  [grpc.status.UNAVAILABLE]: 503,
  [grpc.status.DEADLINE_EXCEEDED]: 504,
};

/** Answers it; it listens nowhere itself. */
export function tasksRest(create: (request: CreateTask) => CreateTaskAnswer): Server {
  return createServer((request, response) => {
    const answer = (status: number, body: object): void =>
      void response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify(body));
    const fail = (code: grpc.status, message: string): void => {
      const status = httpStatus[code] ?? 500;
      answer(status, { error: { code: status, message, status: grpc.status[code] } });
    };
    textOf(request, bodyBytesMax)
      .then((body) => {
        const [, parent] =
          /^\/v2\/(projects\/[^/]+\/locations\/[^/]+\/queues\/[^/]+)\/tasks$/.exec(request.url ?? '') ?? [];
        if (request.method !== 'POST' || parent === undefined)
          return fail(grpc.status.NOT_FOUND, `${request.method} ${request.url} is not emulated, CreateTask is`);
        const { task } = v.parse(createSchema, JSON.parse(body));
        const httpRequest =
          task.httpRequest === undefined
            ? null
            : { ...task.httpRequest, body: Buffer.from(task.httpRequest.body, 'base64') };
        const created = create({
          parent,
          task: { name: task.name, scheduleTime: null, dispatchDeadline: null, httpRequest },
        });
        return 'code' in created ? fail(created.code, created.details) : answer(200, created);
      })
      .catch((error: unknown) => fail(grpc.status.INVALID_ARGUMENT, String(error)));
  });
}
