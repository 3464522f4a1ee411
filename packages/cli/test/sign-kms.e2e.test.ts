import { createHash, generateKeyPairSync, sign as signWith, verify } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { parseJobDocument, signedStatement } from "@fota/shared";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { runFota } from "./in-process.js";
import { stubEnvironment } from "./stub-environment.js";

// A KMS endpoint that signs with a real key, as the official client and the documentation of AWS KMS have it: JSON 1.1,
// the operation in x-amz-target.
const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const ARN = "arn:aws:kms:eu-central-1:999999999999:key/1234abcd-12ab-34cd-56ef-1234567890ab";

interface Asked {
  operation: string;
  region: string;
  body: Record<string, string>;
}

type Answer = Record<string, unknown> | { error: string; status: number };

let server: Server;
let cwd: string;
let asked: Asked[];
/** Answers in place of the healthy ones. */
let answers: Record<string, (body: Record<string, string>) => Answer>;

const HEALTHY: typeof answers = {
  GetPublicKey: () => ({
    KeyId: ARN,
    KeySpec: "ECC_NIST_EDWARDS25519",
    KeyUsage: "SIGN_VERIFY",
    SigningAlgorithms: ["ED25519_SHA_512", "ED25519_PH_SHA_512"],
    PublicKey: publicKey.export({ format: "der", type: "spki" }).toString("base64"),
  }),
  Sign: ({ Message = "", MessageType, SigningAlgorithm }) => {
    if (MessageType !== "RAW" || SigningAlgorithm !== "ED25519_SHA_512")
      return { error: "ValidationException", status: 400 };
    const signature = signWith(null, Buffer.from(Message, "base64"), privateKey);
    return { KeyId: ARN, SigningAlgorithm, Signature: signature.toString("base64") };
  },
};

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "fota-kms-"));
  server = createServer(async (request, response) => {
    const body = JSON.parse(await text(request));
    const operation = String(request.headers["x-amz-target"]).replace("TrentService.", "");
    const [, region = ""] =
      /Credential=[^/]+\/\d+\/([^/]+)\/kms\//.exec(request.headers.authorization ?? "") ?? [];
    asked.push({ operation, region, body });
    const answer = (answers[operation] ?? HEALTHY[operation])?.(body) ?? {
      error: "UnknownOperation",
      status: 400,
    };
    const isError = "error" in answer;
    response.writeHead(isError ? Number(answer["status"]) : 200, {
      "content-type": "application/x-amz-json-1.1",
    });
    response.end(JSON.stringify(isError ? { __type: answer["error"], message: "refused" } : answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const image = Buffer.from("an image");
  const document = {
    operation: "fota",
    bc_idx: 1,
    bc_crc: createHash("md5").update(image).digest("hex"),
    bc_size: image.length,
    bc_url: "https://fw.example/app.bin",
    bc_sha256: createHash("sha256").update(image).digest("hex"),
    bc_model: "pump",
  };
  await writeFile(join(cwd, "plan.json"), JSON.stringify(document));
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(cwd, { recursive: true });
});

beforeEach(() => {
  asked = [];
  answers = {};
  stubEnvironment({ AWS_ENDPOINT_URL_KMS: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
});
afterEach(() => {
  vi.unstubAllEnvs();
});

async function sign(key: string, ...args: string[]) {
  const { code, stdout, stderr } = await runFota(["sign", "plan.json", "--sign", key, "--json", ...args], {
    cwd,
  });
  return { code, stdout, stderr };
}

test.each([
  ["kms:alias/firmware", "firmware", "eu-west-1"],
  ["kms:alias/firmware@us-west-2", "firmware", "us-west-2"],
  ["release=kms:1234abcd-12ab-34cd-56ef-1234567890ab", "release", "eu-west-1"],
  [`kms:${ARN}`, "1234abcd-12ab-34cd-56ef-1234567890ab", "eu-central-1"],
])("%s signs the raw statement, as %s, in %s", async (key, id, region) => {
  const { code, stdout, stderr } = await sign(key);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("does not stop a thief") });
  const document = parseJobDocument(JSON.parse(stdout));
  const [signature] = document.bc_sig ?? [];
  expect(signature?.key).toBe(id);
  const bytes = Buffer.from(signature?.sig ?? "", "base64");
  expect(verify(null, Buffer.from(signedStatement(document)), publicKey, bytes)).toBe(true);
  expect(asked.map(({ operation, region: of }) => [operation, of])).toEqual([
    ["GetPublicKey", region],
    ["Sign", region],
  ]);
  expect(asked[1]?.body).toMatchObject({ MessageType: "RAW", SigningAlgorithm: "ED25519_SHA_512" });
});

const refusing =
  (error: string, status = 400) =>
  () => ({ error, status });

test.each<[string, typeof answers, string, RegExp]>([
  [
    "a key of another type",
    { GetPublicKey: () => ({ KeySpec: "RSA_2048", PublicKey: "AAAA" }) },
    "KEY_INVALID",
    /is RSA_2048; fota signs with ECC_NIST_EDWARDS25519/,
  ],
  [
    "a key that does not exist",
    { GetPublicKey: refusing("NotFoundException") },
    "KEY_INVALID",
    /cannot be used: NotFoundException/,
  ],
  [
    "a disabled key",
    { Sign: refusing("DisabledException", 409) },
    "KEY_INVALID",
    /cannot be used: DisabledException/,
  ],
  ["a missing permission", { Sign: refusing("AccessDeniedException") }, "ACCESS_DENIED", /need kms:Sign/],
  [
    "a signature by another key",
    {
      Sign: ({ Message = "" }) => ({
        Signature: signWith(
          null,
          Buffer.from(Message, "base64"),
          generateKeyPairSync("ed25519").privateKey,
        ).toString("base64"),
      }),
    },
    "SIGNER_FAILED",
    /does not verify/,
  ],
  ["no signature", { Sign: () => ({}) }, "AWS_ERROR", /without Signature/],
])("%s is an error, and nothing is printed", async (_what, faults, code, words) => {
  answers = faults;
  const result = await sign("kms:alias/firmware");
  expect(result).toMatchObject({ code: 1, stdout: "" });
  const error = JSON.parse(result.stderr.trim().split("\n").at(-1) ?? "").error;
  expect(error.code).toBe(code);
  expect(`${error.message} ${error.hint}`).toMatch(words);
});

test("without credentials, the error says so", async () => {
  for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"]) vi.stubEnv(name, undefined);
  expect((await sign("kms:alias/firmware")).stderr).toContain("NO_CREDENTIALS");
  expect(asked).toEqual([]);
});
