import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { publish as Publish } from "../src/index.js";
import { BUCKET, type ScriptedAws, startScriptedAws } from "./scripted-aws.js";
import { stubEnvironment } from "./stub-environment.js";

const TOKEN = "FwoGZXIvYXdzSESSIONTOKEN";
const SECRET = "wJalrXUtnFEMISECRET";
const BUILT = new URL("../dist/index.mjs", import.meta.url).href;

let folder: string;
let aws: ScriptedAws;
let publish: typeof Publish;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-leaks-"));
  await writeFile(join(folder, "app.bin"), "firmware");
  aws = await startScriptedAws();
  const credentials = { AWS_SECRET_ACCESS_KEY: SECRET, AWS_SESSION_TOKEN: TOKEN };
  stubEnvironment({ AWS_ENDPOINT_URL: aws.endpoint, AWS_MAX_ATTEMPTS: "1", ...credentials });
  ({ publish } = (await import(BUILT)) as { publish: typeof Publish });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.stop();
  await rm(folder, { recursive: true });
});

async function failure(more: object = {}): Promise<Error> {
  const request = { images: ["app.bin"], slot: 1, to: ["pump-1"], bucket: BUCKET, cwd: folder };
  return await publish({ ...request, ...more }).then(
    () => expect.unreachable("it must fail"),
    (error: Error) => error,
  );
}

/** What loggers and test runners can get at, own fields that are not enumerated included. */
function everythingIn(error: Error): string {
  const seen = new Set<unknown>();
  const all = JSON.stringify(error, (_key, value: unknown) => {
    if (typeof value !== "object" || value === null) return value;
    if (seen.has(value)) return undefined;
    seen.add(value);
    const names = Object.getOwnPropertyNames(value);
    return Object.fromEntries(names.map((name) => [name, Reflect.get(value, name) as unknown]));
  });
  return inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true }) + all;
}

test.each([
  ["DescribeThing", {}],
  ["HeadBucket", {}],
  ["PutObject", {}],
  ["HeadObject", {}],
  ["GetObject", {}],
  ["CreateJob", {}],
  ["DescribeJob", {}],
])(
  "what `publish` throws when %s is refused or broken holds no request, header or token",
  async (operation, more) => {
    let failures = 0;
    for (const fault of [{ status: 403, error: "AccessDeniedException" }, { status: 500 }, { cut: true }]) {
      aws.faults.set(operation, fault);
      const error = await failure(more).catch(() => undefined);
      if (error === undefined) continue; // a failure that publish goes on from
      failures += 1;
      const all = everythingIn(error);
      expect(error.name).toBe("FotaError");
      for (const leak of [TOKEN, SECRET, "$response", "authorization", "Signature="]) {
        expect(all, `${operation} ${JSON.stringify(fault)}`).not.toContain(leak);
      }
      expect(all.length).toBeLessThan(20_000);
    }
    expect(failures).toBeGreaterThan(0);
  },
);

test("the cause names the error of AWS, its status and its request id", async () => {
  aws.faults.set("DescribeThing", {
    status: 403,
    error: "AccessDeniedException",
    headers: { "x-amzn-requestid": "7c1b" },
  });
  expect((await failure()).cause).toMatchObject({
    name: "AccessDeniedException",
    message: "what AWS says",
    status: 403,
    requestId: "7c1b",
  });
});

test("a stack of the bundle begins with the name of the class", async () => {
  const error = await failure({ to: [] });
  expect(error.stack).toMatch(/^FotaError: no target is given\n/);
  expect(error.constructor.name).toBe("FotaError");
});
