import type { IncomingMessage } from "node:http";
import type { DirectBody } from "./direct-body.js";
import type { RateLimit } from "./rate-limit.js";
import type { StepLimits } from "./tunnel.js";

export interface BodyLimits extends StepLimits {
  /** Limit of the rate; `undefined`: none. */
  rate: RateLimit | undefined;
}

/**
 * Streams the body of `response`, from `direct` if that has taken it over. Limits each wait for bytes to `timeoutMs`,
 * but neither the time that the reader takes between them nor the time that the limit of the rate takes. If no one reads
 * the body, closes it after the same time. A body that broke before it was read has no bytes, but one that `direct` has
 * received whole can still be read after the connection was closed.
 */
export function streamBody(
  response: IncomingMessage,
  direct: DirectBody | undefined,
  { timeoutMs, interrupt, rate }: BodyLimits,
): AsyncIterable<Uint8Array> {
  let isRead = false;
  let lost: Error | undefined;
  const lose = (error: Error) => {
    if (isRead || lost !== undefined) return;
    lost = error;
    direct?.endReading();
  };
  const giveUp = () => {
    response.destroy(stallError(timeoutMs));
    lose(stallError(timeoutMs));
  };
  let waiting = setTimeout(giveUp, timeoutMs);
  response.once("close", () => {
    if (!isRead && direct?.isWhole) return void waiting.unref();
    clearTimeout(waiting);
    if (response.errored !== null) lose(response.errored);
  });
  response.on("error", () => {}); // the reader gets the error from `pieces`
  return {
    async *[Symbol.asyncIterator]() {
      if (lost !== undefined) throw lost;
      isRead = true;
      const pieces = direct ?? fromNodeHttp(response);
      try {
        for (;;) {
          clearTimeout(waiting);
          waiting = setTimeout(giveUp, timeoutMs);
          const bytes = await pieces.next();
          clearTimeout(waiting);
          if (bytes === undefined) return;
          if (rate === undefined) {
            yield bytes;
            continue;
          }
          for (const piece of rate.cut(bytes)) {
            await rate.wait(piece.length, interrupt);
            yield piece;
          }
        }
      } finally {
        clearTimeout(waiting);
        response.destroy();
        direct?.endReading();
      }
    },
  };
}

function fromNodeHttp(response: IncomingMessage): Pick<DirectBody, "next"> {
  const pieces: AsyncIterator<Buffer, undefined> = response[Symbol.asyncIterator]();
  return { next: async () => (await pieces.next()).value };
}

export function stallError(timeoutMs: number): Error {
  return Object.assign(new Error(`no byte for ${timeoutMs} ms`), { code: "ETIMEDOUT" });
}
