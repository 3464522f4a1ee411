import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runFota } from "./in-process.js";
import { BUCKET, type ScriptedAws, startScriptedAws } from "./scripted-aws.js";
import { stubEnvironment } from "./stub-environment.js";

const SECRETS = [
  "secret-of-the-key",
  "token-of-the-key",
  "secret-of-the-role",
  "token-of-the-role",
  "in-the-document",
];
const PUBLISH = ["publish", "app.bin", "--slot", "1", "--to", "pump-1", "--bucket", BUCKET];

let folder: string;
let aws: ScriptedAws;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-debug-"));
  await writeFile(join(folder, "app.bin"), "an image");
  aws = await startScriptedAws();
  stubEnvironment({
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_SECRET_ACCESS_KEY: "secret-of-the-key",
    AWS_SESSION_TOKEN: "token-of-the-key",
  });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.stop();
  await rm(folder, { recursive: true });
});

/** The lines of `--debug`, and whether nothing secret is in any output on stderr. */
async function debug(args: readonly string[], typed?: readonly string[]) {
  const ended = await runFota(args, { cwd: folder, ...(typed !== undefined && { typed }) });
  for (const secret of [...SECRETS, "X-Amz-", "Signature", "Authorization"])
    expect(ended.stderr).not.toContain(secret);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what dims a line on a terminal
  const lines = ended.stderr.replace(/\x1b\[\d*[a-zA-Z]/g, "").split("\n");
  return { ...ended, lines: lines.filter((line) => line.startsWith("debug: ")) };
}

const operationsIn = (lines: readonly string[]) =>
  lines.map((line) =>
    /^debug: \w+ (.+?)(?: at |:)/.exec(line)?.[1]?.replace(/^GET of the presigned URL$/, "GetObject"),
  );

test("--debug prints every request of a publish, with service, host, status, request id, attempt and time", async () => {
  aws.faults.set("DescribeThing", {
    body: { thingName: "pump-1", thingArn: "arn:aws:iot:eu-west-1:1:thing/pump-1" },
  });
  const { code, lines, stdout } = await debug([
    ...PUBLISH,
    "--description",
    "in-the-document",
    "--json",
    "--debug",
  ]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ jobId: expect.any(String) });
  expect([...operationsIn(lines)].sort()).toEqual([...aws.asked].sort());
  const host = new URL(aws.endpoint).host;
  for (const line of lines)
    expect(line).toMatch(new RegExp(`^debug: (IoT|S3) .+ at ${host}: \\d+( \\w+)? in \\d+ ms`));
  expect(lines).toContainEqual(expect.stringMatching(/IoT CreateJob at .*: 200 in \d+ ms, attempt 1$/));
  expect(lines).toContainEqual(expect.stringMatching(/S3 HeadObject at .*: 404 NotFound in/));
});

test("FOTA_DEBUG=1 shows each attempt, and how a request failed", async () => {
  aws.faults.set("DescribeThing", {
    error: "ThrottlingException",
    status: 429,
    headers: { "x-amzn-requestid": "r-429" },
  });
  aws.faults.set("GET /jobs", { cut: true });
  vi.stubEnv("FOTA_DEBUG", "1");
  const { lines } = await debug(PUBLISH);
  const throttled = lines.filter((line) => line.includes("DescribeThing"));
  expect(throttled).toEqual(
    throttled.map((_line, i) =>
      expect.stringMatching(`: 429 ThrottlingException in \\d+ ms, attempt ${i + 1}, request r-429$`),
    ),
  );
  expect(throttled.length).toBeGreaterThan(1);
  const listed = await debug(["list"]);
  expect(listed.lines[0]).toMatch(/IoT ListJobs at .*: ECONNRESET in \d+ ms, attempt 1$/);
});

test("requests that no client of the SDK makes are shown too: the role's credentials, STS and IAM", async () => {
  const expiration = new Date(Date.now() + 3_600_000).toISOString();
  const credentials = `<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>secret-of-the-role</SecretAccessKey><SessionToken>token-of-the-role</SessionToken><Expiration>${expiration}</Expiration>`;
  aws.faults.set("AssumeRole", {
    body: `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>${credentials}</Credentials></AssumeRoleResult></AssumeRoleResponse>`,
  });
  await writeFile(
    join(folder, "config"),
    "[profile ci]\nrole_arn = arn:aws:iam::1:role/ci\nsource_profile = base\n[profile base]\naws_access_key_id = AKIA\naws_secret_access_key = secret-of-the-key\n",
  );
  vi.stubEnv("AWS_CONFIG_FILE", join(folder, "config"));
  const { lines } = await debug([
    ...PUBLISH,
    "--presign",
    "iot",
    "--role",
    "fota",
    "--profile",
    "ci",
    "--debug",
  ]);
  expect([...operationsIn(lines)].sort()).toEqual([...aws.asked].sort());
  for (const request of ["STS AssumeRole", "STS GetCallerIdentity", "IAM GetRole", "IoT CreateJob"]) {
    expect(lines).toContainEqual(expect.stringContaining(`debug: ${request} at `));
  }
});

test("on a terminal no spinner tears the lines, and without --debug none is written", async () => {
  const { stderr, lines } = await debug(["list", "--debug"], []);
  expect(lines).toHaveLength(aws.asked.length);
  expect(stderr).not.toContain("⠋");
  expect(stderr).not.toContain("\u001b[?25l"); // hides the cursor
  expect((await debug(["list"])).stderr).not.toContain("debug: ");
  vi.stubEnv("FOTA_DEBUG", "0");
  expect((await debug(["list"])).stderr).not.toContain("debug: ");
});
