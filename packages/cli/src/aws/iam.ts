import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { FotaError } from "@fota/shared";
import type { AwsAccess } from "./access.js";
import { translateAwsError } from "./errors.js";
import { type SigningCredentials, signedHeaders } from "./sigv4.js";

const ANSWER_TIMEOUT_MS = 10_000;

export interface Role {
  arn: string;
  /** The trust policy, as JSON. */
  trustPolicy: string;
}

/**
 * One role by its name, without listing all of the account's (B-36).
 * @throws {FotaError} ROLE_NOT_FOUND, ACCESS_DENIED and what else translated AWS errors can be
 */
export async function getRole(
  roleName: string,
  { iamEndpoint: endpoint, ca }: Pick<AwsAccess, "iamEndpoint" | "ca">,
  { region, credentials }: { region: string; credentials: SigningCredentials },
  signal: AbortSignal,
): Promise<Role> {
  // IAM is one service of a partition, signed for its home region.
  const china = region.startsWith("cn-");
  const host = china ? "https://iam.cn-north-1.amazonaws.com.cn" : "https://iam.amazonaws.com";
  const homeRegion = china ? "cn-north-1" : region.startsWith("us-gov-") ? "us-gov-west-1" : "us-east-1";
  const url = new URL("/", endpoint ?? host);
  const body = new URLSearchParams({
    Action: "GetRole",
    RoleName: roleName,
    Version: "2010-05-08",
  }).toString();
  const headers = signedHeaders({ url, body, service: "iam", region: homeRegion }, credentials, new Date());
  const call = { doing: `look up role ${roleName}`, action: "iam:GetRole", endpoint };
  const answer = await post(url, headers, body, { ca, signal }).catch((error: unknown) => {
    throw translateAwsError(error, call);
  });
  const arn = elementIn(answer.text, "Arn");
  if (answer.status === 200 && arn !== undefined) {
    return { arn, trustPolicy: decodeURIComponent(elementIn(answer.text, "AssumeRolePolicyDocument") ?? "") };
  }
  const name = elementIn(answer.text, "Code") ?? `HTTP ${answer.status}`;
  if (name === "NoSuchEntity") {
    throw new FotaError("ROLE_NOT_FOUND", `there is no role ${roleName}`, {
      hint: "check its spelling and the account (--profile); a role with a path takes its bare name, or its ARN",
    });
  }
  const message = elementIn(answer.text, "Message") ?? name;
  throw translateAwsError(Object.assign(new Error(message), { name }), call);
}

function post(
  url: URL,
  headers: Record<string, string>,
  body: string,
  { ca, signal }: { ca: string[] | undefined; signal: AbortSignal },
): Promise<{ status: number; text: string }> {
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const options = { method: "POST", headers, agent: false, timeout: ANSWER_TIMEOUT_MS, signal };
    const request = send(url, { ...options, ...(ca !== undefined && { ca }) }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => {
        text += piece;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      response.on("error", reject);
    });
    request.on("timeout", () =>
      request.destroy(Object.assign(new Error("no answer"), { name: "TimeoutError" })),
    );
    request.on("error", reject);
    request.end(body);
  });
}

/** The text of the first element of that name: IAM's answers have no attributes, and these no markup inside. */
function elementIn(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
}
