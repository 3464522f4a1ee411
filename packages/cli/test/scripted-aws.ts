import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const BUCKET = "fw-releases";
const ACCOUNT = "123456789012";
const REGION = "eu-west-1";

/** How an operation goes wrong. */
export interface Fault {
  status?: number;
  /** AWS's name of the error. */
  error?: string;
  /** Text of the error; what AWS says is not ours to rely on. */
  message?: string;
  headers?: Record<string, string>;
  /** Answered in place of an error. */
  body?: object | string;
  /** The connection is closed without an answer. */
  cut?: boolean;
  /** Runs before the answer, which is then the healthy one where no error is named. */
  before?: () => void | Promise<void>;
}

/** An AWS that works, but for what a test tells it: for broken environments that the stand-in does not have. */
export interface ScriptedAws {
  endpoint: string;
  faults: Map<string, Fault>;
  /** Operations in the order of their requests. */
  asked: string[];
  jobs: Map<string, { targets: string[]; document: string }>;
  objects: Map<string, Buffer>;
  members: string[];
  /** Knows no checksums: the ETag of an object is its MD5, also of one that came in parts. */
  knowsMd5Only: boolean;
  stop(): Promise<void>;
}

export async function startScriptedAws(): Promise<ScriptedAws> {
  const parts = new Map<number, Buffer>();
  const server = createServer((request, response) => {
    void answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const aws: ScriptedAws = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults: new Map(),
    asked: [],
    jobs: new Map(),
    objects: new Map(),
    members: [],
    knowsMd5Only: false,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return aws;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", aws.endpoint);
    const body = await bodyOf(request);
    const operation = operationOf(request, url, body);
    aws.asked.push(operation);
    const fault = aws.faults.get(operation);
    await fault?.before?.();
    if (fault?.cut) {
      response.destroy();
    } else if (fault?.error !== undefined || fault?.status !== undefined) {
      sendError(response, operation, fault);
    } else if (fault?.body !== undefined) {
      response.end(typeof fault.body === "string" ? fault.body : JSON.stringify(fault.body));
    } else {
      await respond(operation, url, body, response, request);
    }
  }

  async function respond(
    operation: string,
    url: URL,
    body: Buffer,
    response: ServerResponse,
    request: IncomingMessage,
  ): Promise<void> {
    const name = decodeURIComponent(url.pathname.split("/")[2] ?? "");
    const key = url.pathname.slice(BUCKET.length + 2);
    const object = aws.objects.get(key);
    const job = aws.jobs.get(name);
    const json = (value: object) => response.end(JSON.stringify(value));
    switch (operation) {
      case "DescribeThing":
        return void json({ thingName: name, thingArn: arn(`thing/${name}`) });
      case "DescribeThingGroup":
        return void json({ thingGroupName: name, thingGroupArn: arn(`thinggroup/${name}`) });
      case "ListThingsInThingGroup":
        return void json({ things: aws.members });
      case "DescribeJob":
        if (job === undefined)
          return sendError(response, operation, { status: 404, error: "ResourceNotFoundException" });
        return void json({ job: { jobId: name, jobArn: arn(`job/${name}`), status: "IN_PROGRESS", ...job } });
      case "GetJobDocument":
        return void json({ document: job?.document ?? "" });
      case "CreateJob":
        aws.jobs.set(name, JSON.parse(body.toString()));
        return void json({ jobId: name, jobArn: arn(`job/${name}`) });
      case "HeadObject":
        if (object === undefined) return sendError(response, operation, { status: 404, error: "NotFound" });
        return void response.writeHead(200, headersOf(object, parts.size)).end();
      case "GetObject":
        return void response
          .writeHead(206, { "content-range": `bytes 0-0/${object?.length ?? 0}`, "content-length": "1" })
          .end(object?.subarray(0, 1));
      case "PutObject":
        if (body.length < Number(request.headers["content-length"])) return void response.destroy();
        aws.objects.set(key, body);
        return void response.writeHead(200, { etag: '"x"' }).end();
      case "DeleteObject":
        aws.objects.delete(key);
        return void response.writeHead(204).end();
      case "CreateMultipartUpload":
        parts.clear();
        return void response.end(xml("InitiateMultipartUploadResult", "<UploadId>u</UploadId>"));
      case "ListMultipartUploads":
        return void response.end(xml("ListMultipartUploadsResult", ""));
      case "UploadPart":
        parts.set(Number(url.searchParams.get("partNumber")), body);
        return void response.writeHead(200, { etag: '"p"' }).end();
      case "CompleteMultipartUpload":
        aws.objects.set(key, Buffer.concat([...parts].sort(([a], [b]) => a - b).map(([, part]) => part)));
        return void response.end(xml("CompleteMultipartUploadResult", "<ETag>x</ETag>"));
      case "GetRole":
        return void response.end(roleAnswer());
      default:
        return void json({});
    }
  }

  function headersOf(object: Buffer, partCount: number): Record<string, string> {
    const digest = (bytes: Buffer) => createHash("sha256").update(bytes).digest();
    const composite = Buffer.concat([...parts].sort(([a], [b]) => a - b).map(([, part]) => digest(part)));
    const checksum = partCount < 2 ? digest(object) : digest(composite);
    if (aws.knowsMd5Only) {
      const md5 = createHash("md5").update(object).digest("hex");
      return { "content-length": String(object.length), etag: `"${md5}"` };
    }
    return {
      "content-length": String(object.length),
      "x-amz-checksum-sha256": checksum.toString("base64"),
    };
  }
}

function arn(resource: string): string {
  return `arn:aws:iot:${REGION}:${ACCOUNT}:${resource}`;
}

function operationOf({ method }: IncomingMessage, url: URL, body: Buffer): string {
  const { pathname: path, searchParams: query } = url;
  if (method === "POST" && path === "/") return new URLSearchParams(body.toString()).get("Action") ?? "?";
  if (path.startsWith(`/${BUCKET}`)) return s3OperationOf(method ?? "", path, query);
  const routes: [string, RegExp, string][] = [
    ["GET", /^\/things\/[^/]+$/, "DescribeThing"],
    ["GET", /^\/things\/[^/]+\/jobs$/, "ListJobExecutionsForThing"],
    ["GET", /^\/thing-groups\/[^/]+$/, "DescribeThingGroup"],
    ["POST", /^\/thing-groups\/[^/]+$/, "CreateThingGroup"],
    ["GET", /^\/thing-groups\/[^/]+\/things$/, "ListThingsInThingGroup"],
    ["PUT", /^\/thing-groups\/addThingToThingGroup$/, "AddThingToThingGroup"],
    ["GET", /^\/jobs\/[^/]+$/, "DescribeJob"],
    ["GET", /^\/jobs\/[^/]+\/job-document$/, "GetJobDocument"],
    ["PUT", /^\/jobs\/[^/]+$/, "CreateJob"],
  ];
  return routes.find(([verb, pattern]) => verb === method && pattern.test(path))?.[2] ?? `${method} ${path}`;
}

function s3OperationOf(method: string, path: string, query: URLSearchParams): string {
  const inBucket = path.length <= BUCKET.length + 2;
  if (method === "HEAD") return inBucket ? "HeadBucket" : "HeadObject";
  if (method === "PUT") return query.has("partNumber") ? "UploadPart" : "PutObject";
  if (method === "POST") return query.has("uploads") ? "CreateMultipartUpload" : "CompleteMultipartUpload";
  if (method === "DELETE") return query.has("uploadId") ? "AbortMultipartUpload" : "DeleteObject";
  return query.has("uploads") ? "ListMultipartUploads" : "GetObject";
}

function sendError(
  response: ServerResponse,
  operation: string,
  { status = 403, error = "", ...more }: Fault,
): void {
  const message = more.message ?? "what AWS says";
  const isRest = !/Object|Bucket|Multipart|Part$|Role|CallerIdentity/.test(operation);
  const body = isRest
    ? JSON.stringify({ message })
    : xml("Error", `<Code>${error}</Code><Message>${message}</Message>`);
  response
    .writeHead(status, { ...(isRest && { "x-amzn-errortype": error }), connection: "close", ...more.headers })
    .end(operation.startsWith("Head") ? undefined : body);
}

function xml(root: string, content: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><${root}>${content}</${root}>`;
}

/** A role that AWS IoT may assume. */
export function roleAnswer(service = "iot.amazonaws.com"): string {
  const Statement = [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }];
  const policy = encodeURIComponent(JSON.stringify({ Version: "2012-10-17", Statement }));
  const role = `<Arn>arn:aws:iam::${ACCOUNT}:role/fota</Arn><AssumeRolePolicyDocument>${policy}</AssumeRolePolicyDocument>`;
  return `<GetRoleResponse><GetRoleResult><Role>${role}</Role></GetRoleResult></GetRoleResponse>`;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
