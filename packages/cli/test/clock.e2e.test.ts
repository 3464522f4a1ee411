import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "@fota/local";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Accounts, startAccounts } from "./accounts.js";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";
import { runFota } from "./in-process.js";
import { stubEnvironment } from "./stub-environment.js";

const beganMs = Date.now() - performance.now();
/** Not Date, which tests move for the command alone. */
const clock: Clock = {
  nowMs: () => beganMs + performance.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, Math.min(delayMs, 2 ** 31 - 1));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

let folder: string;
let accounts: Accounts;
let fleet: Fleet;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-clock-"));
  await writeFile(join(folder, "app.bin"), "firmware");
  accounts = await startAccounts();
  fleet = await startFleet({ clock });
  stubEnvironment();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await fleet.stop();
  await accounts.stop();
  await rm(folder, { recursive: true });
});

const atStandIn = (...args: string[]) =>
  runFota([...args, "--local", "--endpoint-url", fleet.local.endpoint], { cwd: folder });
const HOUR_MS = 3_600_000;

test.each([
  [-3 * HOUR_MS, "this machine's clock is 3 h ahead of the service's"],
  [8 * 24 * HOUR_MS, "this machine's clock is 8 days behind the service's"],
] as const)(
  "a publish whose URL is refused for the clock (%s ms) blames the clock, not permissions",
  async (ms, says) => {
    fleet.local.clock.advance(ms);
    const { code, stderr } = await atStandIn(
      "publish",
      "app.bin",
      "--slot",
      "1",
      "--to",
      "pump-1",
      "--bucket",
      BUCKET,
    );
    expect(code).toBe(1);
    expect(stderr).toContain(`${says} (CREDENTIALS_REFUSED)`);
    expect(stderr).toContain("hint: set this machine's clock");
    expect(stderr).not.toContain("s3:GetObject");
  },
);

test("doctor says how far the clock is off, and does not blame permissions for it", async () => {
  const publish = ["--bucket", BUCKET];
  expect((await atStandIn("publish", "app.bin", "--slot", "1", "--to", "pump-1", ...publish)).code).toBe(0);
  fleet.local.clock.advance(-3 * HOUR_MS);
  const { stdout } = await atStandIn("doctor", "--json", ...publish);
  const { checks } = JSON.parse(stdout) as {
    checks: { check: string; status: string; message: string; hint?: string }[];
  };
  const of = (name: string) => checks.find(({ check }) => check === name);
  expect(of("clock")).toMatchObject({ status: "fail", message: expect.stringContaining("3 h ahead") });
  expect(of("presigned URL")).toMatchObject({
    status: "fail",
    message: expect.stringContaining("this machine's clock is 3 h ahead"),
    hint: expect.stringContaining("set this machine's clock"),
  });
});

test("why goes by the clock of AWS: a URL that works is not called expired by a machine that is ahead", async () => {
  const options = ["--slot", "1", "--to", "pump-1", "--bucket", BUCKET, "--expires", "1h", "--job-id", "j1"];
  expect((await atStandIn("publish", "app.bin", ...options)).code).toBe(0);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3 * HOUR_MS });
  const { stdout, stderr } = await atStandIn("why", "j1").finally(() => vi.useRealTimers());
  expect(stderr).toContain("warning: this machine's clock is 3 h ahead of AWS's");
  expect(stdout).not.toContain("expired");
});

test("why names the clock of who published where the URL was signed with a wrong one", async () => {
  const options = ["--slot", "1", "--to", "pump-1", "--bucket", BUCKET, "--expires", "3h", "--job-id", "j1"];
  // As a machine that is behind by less than the URL lives would, whose own try of the URL succeeds.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 2 * HOUR_MS });
  const published = await atStandIn("publish", "app.bin", ...options).finally(() => vi.useRealTimers());
  expect(published.code).toBe(0);
  fleet.local.clock.advance(1.5 * HOUR_MS);
  const { stdout } = await atStandIn("why", "j1", "--json");
  expect(JSON.parse(stdout).evidence).toContainEqual({
    name: "clock",
    value: expect.stringMatching(/^the clock that the URL was signed with is (2 h|120 min) behind$/),
  });
});

test.each(["RequestTimeTooSkewed", "InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired"])(
  "%s says by how much the clock is off",
  async (name) => {
    accounts.refuse.set("GET /jobs", { status: 403, name });
    accounts.behindSeconds = 10_800;
    vi.stubEnv("AWS_ENDPOINT_URL", accounts.endpoint);
    const { stderr } = await runFota(["list"], { cwd: folder });
    expect(stderr).toMatch(
      /; this machine's clock is 3 h ahead \(CREDENTIALS_REFUSED\)\nhint: set this machine's clock/,
    );
  },
);

test("with a clock that is right a wrong secret is not blamed on it", async () => {
  accounts.refuse.set("GET /jobs", { status: 403, name: "InvalidSignatureException" });
  vi.stubEnv("AWS_ENDPOINT_URL", accounts.endpoint);
  expect((await runFota(["list"], { cwd: folder })).stderr).not.toMatch(/ahead|behind/);
});
