import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { FotaError, messageOf } from "@fota/shared";

const ANSWER_TIMEOUT_MS = 30_000;
const ERROR_BODY_MAX_BYTES = 16 * 1024;

/**
 * Fetches the first byte of `url` as a device would, without credentials: GET with Range, as the method is signed.
 * @throws {FotaError} ACCESS_DENIED when it is refused, UPLOAD_CORRUPT when the size is another, ENDPOINT_UNREACHABLE
 */
export async function checkImageUrl(
  url: string,
  sizeBytes: number,
  { ca, signal }: { ca: string[] | undefined; signal: AbortSignal },
): Promise<void> {
  const answer = await get(url, ca, signal);
  try {
    const status = answer.statusCode ?? 0;
    if (status !== 200 && status !== 206) {
      const code = /<Code>(\w{1,64})<\/Code>/.exec(await bodyStart(answer))?.[1] ?? "no reason given";
      throw new FotaError("ACCESS_DENIED", `the presigned URL is refused: HTTP ${status}, ${code}`, {
        hint: "a presigned URL has the rights of who signs it: the credentials in use need s3:GetObject",
      });
    }
    const total =
      status === 206 ? answer.headers["content-range"]?.split("/")[1] : answer.headers["content-length"];
    if (Number(total) === sizeBytes) return;
    throw new FotaError(
      "UPLOAD_CORRUPT",
      `the presigned URL gives ${total ?? "unknown"} bytes, not ${sizeBytes}`,
      {
        hint: "publish again; no job was created",
      },
    );
  } finally {
    answer.destroy();
  }
}

function get(url: string, ca: string[] | undefined, signal: AbortSignal): Promise<IncomingMessage> {
  const send = url.startsWith("https:") ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const headers = { range: "bytes=0-0", "accept-encoding": "identity" };
    const options = {
      headers,
      agent: false,
      timeout: ANSWER_TIMEOUT_MS,
      signal,
      ...(ca !== undefined && { ca }),
    };
    const request = send(url, options, resolve);
    request.on("timeout", () => request.destroy(new Error("no answer in time")));
    request.on("error", (cause) => {
      if (signal.aborted) return reject(new FotaError("INTERRUPTED", "interrupted", { cause }));
      const message = `the presigned URL cannot be fetched from here: ${messageOf(cause)}`;
      reject(
        new FotaError("ENDPOINT_UNREACHABLE", message, {
          hint: "check the network; no job was created",
          cause,
        }),
      );
    });
    request.end();
  });
}

async function bodyStart(answer: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of answer) {
    text += String(piece);
    if (text.length > ERROR_BODY_MAX_BYTES) break;
  }
  return text;
}
