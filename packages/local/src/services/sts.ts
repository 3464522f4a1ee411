import type { IncomingMessage, ServerResponse } from "node:http";
import { messageOf } from "@fota/shared";
import { ACCOUNT_ID } from "../account.js";
import { AwsError } from "../errors.js";
import type { RequestContext, Service } from "../http/service.js";
import { readBody } from "../rest/answer.js";
import type { Authenticate } from "../rest/authenticate.js";

/** Creates the Security Token Service with GetCallerIdentity only: every caller is the root user of the account. */
export function stsService(authenticate: Authenticate): Service {
  return async (request, response, context) => {
    try {
      const body = await readBody(request);
      authenticate(request, body, context);
      answer(response, 200, callerIdentity(request, body, context));
    } catch (error) {
      const refusal =
        error instanceof AwsError ? error : new AwsError("InternalFailure", 500, messageOf(error));
      const { code, status, message } = refusal;
      const type = status < 500 ? "Sender" : "Receiver";
      const content = `<Type>${type}</Type><Code>${code}</Code><Message>${escapeXml(message)}</Message>`;
      const id = `<RequestId>${context.requestId}</RequestId>`;
      answer(response, status, buildDocument("ErrorResponse", `<Error>${content}</Error>${id}`));
    }
  };
}

function callerIdentity(request: IncomingMessage, body: Buffer, { requestId }: RequestContext): string {
  const query = (request.url ?? "").split("?")[1] ?? "";
  const action = new URLSearchParams(request.method === "POST" ? body.toString() : query).get("Action");
  if (action !== "GetCallerIdentity") {
    throw new AwsError(
      "InvalidAction",
      400,
      `fota local does not support ${action ?? "a request without Action"}`,
    );
  }
  const arn = `arn:aws:iam::${ACCOUNT_ID}:root`;
  const result = `<Arn>${arn}</Arn><UserId>${ACCOUNT_ID}</UserId><Account>${ACCOUNT_ID}</Account>`;
  const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
  return buildDocument(
    "GetCallerIdentityResponse",
    `<GetCallerIdentityResult>${result}</GetCallerIdentityResult>${metadata}`,
  );
}

function buildDocument(root: string, content: string): string {
  return `<${root} xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${content}</${root}>`;
}

function escapeXml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;");
}

function answer(response: ServerResponse, status: number, xml: string): void {
  response
    .writeHead(status, { "content-type": "text/xml", "content-length": Buffer.byteLength(xml) })
    .end(xml);
}
