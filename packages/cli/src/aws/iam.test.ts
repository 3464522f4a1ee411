import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createRole, getRole, openIam, putRolePolicy } from "./iam.js";

const signal = new AbortController().signal;
const signer = {
  region: "eu-west-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
  switches: { useFips: false, useDualStack: false },
};
const iam = () => openIam(access, signer, signal);
let server: Server;
let access: { iamEndpoint: string; ca: undefined };
let asked: { scope: string; form: Record<string, string> }[];
let answer: { status: number; text: string };

beforeEach(async () => {
  asked = [];
  server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += String(piece);
    const scope = /Credential=[^/]+\/\d+\/([^,]+),/.exec(request.headers.authorization ?? "")?.[1] ?? "";
    asked.push({ scope, form: Object.fromEntries(new URLSearchParams(body)) });
    response.writeHead(answer.status, { connection: "close" }).end(answer.text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  access = { iamEndpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ca: undefined };
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
});

test("a role is made with its trust policy, and gets a policy of its own", async () => {
  answer = { status: 200, text: "<Role><Arn>arn:aws:iam::123456789012:role/fota</Arn></Role>" };
  const { arn } = await createRole(iam(), { roleName: "fota", trustPolicy: "{}" });
  expect(arn).toBe("arn:aws:iam::123456789012:role/fota");
  await putRolePolicy(iam(), { roleName: "fota", policyName: "images", policy: "{}" });
  const common = { RoleName: "fota", Version: "2010-05-08" };
  expect(asked.map(({ form }) => form)).toEqual([
    { Action: "CreateRole", AssumeRolePolicyDocument: "{}", ...common },
    { Action: "PutRolePolicy", PolicyName: "images", PolicyDocument: "{}", ...common },
  ]);
  expect(asked[0]?.scope).toBe("us-east-1/iam/aws4_request"); // IAM is signed for its home region
});

test.each([
  ["iam:CreateRole", () => createRole(iam(), { roleName: "fota", trustPolicy: "{}" })],
  ["iam:PutRolePolicy", () => putRolePolicy(iam(), { roleName: "fota", policyName: "p", policy: "{}" })],
  ["iam:GetRole", () => getRole(iam(), "fota")],
] as const)("a refusal names %s", async (action, ask) => {
  answer = { status: 403, text: "<Error><Code>AccessDenied</Code><Message>no</Message></Error>" };
  await expect(ask()).rejects.toMatchObject({
    code: "ACCESS_DENIED",
    hint: expect.stringContaining(action),
  });
});
