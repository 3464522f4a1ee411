import type { MiddlewareStack, Pluggable } from "@smithy/types";
import { given } from "../given.js";
import { wallClockMs } from "../wall-clock.js";
import type { AwsAccess } from "./access.js";
import { noteHost } from "./hosts.js";
import { logged, type OnRequest } from "./request-log.js";

/** Holds the parts of a request and an answer that are read, which the SDK's types leave open. */
interface HttpRequest {
  protocol?: string;
  hostname?: string;
  port?: number;
}

/**
 * Notes the host of each request of a client, for errors about unreachable hosts, and the time in each answer; with
 * `--debug` also the request itself.
 */
export function watchRequests<Input extends object, Output extends object>(
  { middlewareStack }: { middlewareStack: MiddlewareStack<Input, Output> },
  { clock, onRequest }: Pick<AwsAccess, "clock" | "onRequest">,
): void {
  if (onRequest !== undefined) middlewareStack.use(requestLog(onRequest));
  middlewareStack.add(
    (next) => async (args) => {
      const { protocol, hostname, port } = args.request as HttpRequest;
      const askedMs = wallClockMs();
      try {
        const output = await next(args);
        const { headers } = output.response as { headers?: Record<string, string | undefined> };
        clock.observe(headers?.["date"], askedMs, wallClockMs());
        return output;
      } catch (error) {
        noteHost(error, hostname, port ?? (protocol === "http:" ? 80 : 443));
        throw error;
      }
    },
    { step: "deserialize", priority: "low", name: "fotaWatch", override: true },
  );
}

/** Returns a client plugin that passes each attempt of each request to `onRequest`. */
// biome-ignore lint/suspicious/noExplicitAny: it is for clients of all services
export function requestLog(onRequest: OnRequest): Pluggable<any, any> {
  return {
    applyToStack(stack) {
      stack.add(
        (next, { clientName = "AWS", commandName = "request" }) => {
          let attempt = 0; // the outer function runs once per command, the returned one once per attempt
          return async (args) => {
            const { hostname = "", port } = args.request as HttpRequest;
            attempt += 1;
            const about = {
              service: clientName.replace(/Client$/, ""),
              operation: commandName.replace(/Command$/, ""),
              host: port === undefined ? hostname : `${hostname}:${port}`,
              attempt,
            };
            return await logged(
              onRequest,
              about,
              () => next(args),
              ({ output: { $metadata } }) =>
                given({ status: $metadata.httpStatusCode, requestId: $metadata.requestId }),
            );
          };
        },
        // Runs around the deserializer, which gives a refusal its name.
        { step: "deserialize", priority: "high", name: "fotaRequestLog", override: true },
      );
    },
  };
}
