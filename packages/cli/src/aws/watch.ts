import type { MiddlewareStack } from "@smithy/types";
import type { ServerClock } from "./clock.js";
import { noteHost } from "./hosts.js";

/** The part of a request and of an answer that is looked at, of what the SDK's types leave open. */
interface HttpRequest {
  protocol?: string;
  hostname?: string;
  port?: number;
}

/**
 * Notes where each request of a client goes, for the error that says that nothing answers there, and the time that each
 * answer names.
 */
export function watchRequests<Input extends object, Output extends object>(
  { middlewareStack }: { middlewareStack: MiddlewareStack<Input, Output> },
  clock: ServerClock,
): void {
  middlewareStack.add(
    (next) => async (args) => {
      const { protocol, hostname, port } = args.request as HttpRequest;
      const askedMs = Date.now();
      try {
        const output = await next(args);
        const { headers } = output.response as { headers?: Record<string, string | undefined> };
        clock.observe(headers?.["date"], askedMs, Date.now());
        return output;
      } catch (error) {
        noteHost(error, hostname, port ?? (protocol === "http:" ? 80 : 443));
        throw error;
      }
    },
    { step: "deserialize", priority: "low", name: "fotaWatch", override: true },
  );
}
