import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { runFota } from "./in-process.js";
import { BUCKET, type ScriptedAws, startScriptedAws } from "./scripted-aws.js";
import { stubEnvironment } from "./stub-environment.js";

let folder: string;
let aws: ScriptedAws;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-invisible-"));
  await writeFile(join(folder, "app.bin"), "firmware");
  aws = await startScriptedAws();
  stubEnvironment({ AWS_ENDPOINT_URL: aws.endpoint, FOTA_BUCKET: BUCKET });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.stop();
  await rm(folder, { recursive: true });
});

const publish = (...more: string[]) =>
  runFota(["publish", "app.bin", "--slot", "1", "--to", "pump-1", ...more], { cwd: folder });

test.each([
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_REGION",
  "AWS_DEFAULT_REGION",
  "AWS_PROFILE",
  "AWS_ENDPOINT_URL",
  "AWS_ENDPOINT_URL_S3",
  "AWS_CA_BUNDLE",
  "AWS_CONFIG_FILE",
  "AWS_SHARED_CREDENTIALS_FILE",
  "FOTA_BUCKET",
  "FOTA_PREFIX",
  "FOTA_EXPIRES",
  "FOTA_CONFIG",
])("%s with a line break at its end is refused by its name, and nothing is sent", async (name) => {
  if (name === "AWS_DEFAULT_REGION") vi.stubEnv("AWS_REGION", undefined);
  vi.stubEnv(name, `${process.env[name] || "value"}\n`);
  const { code, stderr } = await publish();
  expect(stderr).toContain(`${name} ends with a line feed (U+000A)`);
  expect([code, aws.asked]).toEqual([2, []]);
});

test("a secret is not printed with the fault in it", async () => {
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI\r");
  const { stderr } = await publish();
  expect(stderr).toContain("AWS_SECRET_ACCESS_KEY ends with a carriage return (U+000D)");
  expect(stderr).not.toContain("wJalrXUtnFEMI");
});

test.each([
  ["--region", "eu-west-1 ", "ends with a space (U+0020)"],
  ["--profile", "\ufeffdev", "begins with a byte order mark (U+FEFF)"],
  ["--endpoint-url", "http://127.0.0.1:1\r", "ends with a carriage return (U+000D)"],
  ["--to", "pump\u200b-2", "holds a zero-width space (U+200B) after 4 characters"],
  ["--bucket", `${BUCKET}\n`, "ends with a line feed (U+000A)"],
  ["--job-id", " j1", "begins with a space (U+0020)"],
  ["--config", "fota.json\r", "ends with a carriage return (U+000D)"],
])("%s %j is told by the option and the character", async (option, value, stray) => {
  const { code, stderr } = await publish(option, value);
  expect(stderr).toContain(`${option} ${stray}`);
  expect([code, aws.asked]).toEqual([2, []]);
});

test("an image and a job id on the command line are looked at too", async () => {
  const image = await runFota(["publish", "app.bin\r", "--slot", "1", "--to", "pump-1"], { cwd: folder });
  expect(image.stderr).toContain("<image> ends with a carriage return (U+000D)");
  const job = await runFota(["status", "fota-1\u00a0"], { cwd: folder });
  expect(job.stderr).toContain("<job-id> ends with a no-break space (U+00A0)");
});

test("a list of things may begin with a byte order mark; UTF-16 and odd characters in it are named", async () => {
  await writeFile(join(folder, "bom.txt"), "\ufeffpump-2\r\n");
  await writeFile(join(folder, "wide.txt"), Buffer.from("\ufeffpump-2\r\n", "utf16le"));
  await writeFile(join(folder, "odd.txt"), "pump-2\npump\u200b-3\n");
  expect((await publish("--to", "@bom.txt", "--dry-run")).code).toBe(0);
  expect((await publish("--to", "@wide.txt")).stderr).toContain("wide.txt is UTF-16, not UTF-8");
  expect((await publish("--to", "@odd.txt")).stderr).toContain(
    "odd.txt, line 2: the name holds a zero-width space (U+200B) after 4 characters",
  );
});

test("the JSON of ztc in UTF-16 is named as such, and with a byte order mark it is taken", async () => {
  const json = `\ufeff${JSON.stringify({ bcbin: "AAAA", bc_idx: 0, has_vm: false, vmbin: "" })}`;
  await writeFile(join(folder, "app.json"), json);
  await writeFile(join(folder, "wide.json"), Buffer.from(json, "utf16le"));
  const of = (file: string) => runFota(["publish", file, "--to", "pump-1", "--dry-run"], { cwd: folder });
  expect(await of("app.json")).toMatchObject({ code: 0, stderr: "" });
  expect((await of("wide.json")).stderr).toContain("wide.json is UTF-16, not UTF-8");
});

test("a profile after a byte order mark is found, and AWS's files in UTF-16 are named", async () => {
  const config = join(folder, "aws-config");
  vi.stubEnv("AWS_ACCESS_KEY_ID", undefined);
  vi.stubEnv("AWS_CONFIG_FILE", config);
  await writeFile(config, "\ufeff[default]\naws_access_key_id = AKI\naws_secret_access_key = s\n");
  expect(await publish("--dry-run")).toMatchObject({ code: 0, stderr: "" });
  const wide = join(folder, "aws-config-wide");
  vi.stubEnv("AWS_CONFIG_FILE", wide);
  await writeFile(wide, Buffer.from("\ufeff[default]\n", "utf16le"));
  expect((await publish()).stderr).toContain(`${wide} is UTF-16, not UTF-8`);
});
