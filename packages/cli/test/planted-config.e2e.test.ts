import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { publish } from "../src/index.js";
import { runFota } from "./in-process.js";
import { stubEnvironment } from "./stub-environment.js";

const OTHER_UID = 65_534;
const isRoot = process.geteuid?.() === 0;
let folder: string;
let cwd: string;
let attacker: Server;
let endpointUrl: string;
let received: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-planted-"));
  cwd = join(folder, "work");
  await mkdir(cwd);
  received = [];
  attacker = createServer((request, response) => {
    received.push(`${request.method} ${request.url}`);
    response.writeHead(500, { connection: "close" }).end();
  });
  await new Promise<void>((resolve) => attacker.listen(0, "127.0.0.1", resolve));
  endpointUrl = `http://127.0.0.1:${(attacker.address() as AddressInfo).port}`;
  // Without a region of its own a command that ignores the file stops before it asks AWS.
  stubEnvironment({ AWS_REGION: "", AWS_ENDPOINT_URL: "" });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  attacker.close();
  await rm(folder, { recursive: true });
});

async function plant(settings: object): Promise<string> {
  const path = join(folder, "fota.config.json");
  await writeFile(path, JSON.stringify(settings), { mode: 0o644 });
  return path;
}

function fota(...args: string[]) {
  return runFota(args, { cwd, homeDir: "/nobody" });
}

test("an own file above is used", async () => {
  await plant({ endpointUrl, region: "us-east-1" });
  expect((await fota("list")).stderr).not.toContain("warning");
  expect(received.length).toBeGreaterThan(0);
});

test.each([["list"], ["status"], ["doctor"]])(
  "nothing is sent to the endpoint of a file that others can write: %s",
  async (command) => {
    const path = await plant({ endpointUrl, region: "us-east-1" });
    await chmod(path, 0o666);
    const { stderr } = await fota(command);
    expect(stderr).toContain(`warning: ${path} is ignored: other users can write to it`);
    expect(received).toEqual([]);
  },
);

test("the library tells of a file that it ignores", async () => {
  const path = await plant({ endpointUrl, region: "us-east-1", bucket: "theirs" });
  await chmod(path, 0o666);
  const warnings: string[] = [];
  const onWarning = (text: string) => warnings.push(text);
  await expect(publish({ cwd, images: ["x.bin"], to: ["pump-1"], onWarning })).rejects.toThrow(/bucket/);
  expect(warnings).toEqual([expect.stringContaining(`${path} is ignored`)]);
});

test("init does not go on from a file that others can write", async () => {
  const path = join(cwd, "fota.config.json");
  await writeFile(path, JSON.stringify({ endpointUrl }));
  await chmod(path, 0o666);
  const { code, stderr } = await fota("init", "--bucket", "fw-releases", "--presign", "cli", "--yes");
  expect(code).toBe(2);
  expect(stderr).toContain(`${path} is there already, and other users can write to it (CONFIG_INVALID)`);
  expect(received).toEqual([]);
});

test("an endpoint from a file that is not on this machine is shown before anything is sent", async () => {
  const path = await plant({ endpointUrl: "http://iot.invalid:1/", region: "us-east-1" });
  for (const quiet of [[], ["--quiet"], ["--json"]]) {
    const { code, stderr } = await fota("list", ...quiet);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/^warning: requests go to http:\/\/iot\.invalid:1, because .+ sets it\n.*error/s);
    expect(stderr).toContain(path);
  }
});

test("an endpoint that was typed, or is on this machine, is not shown", async () => {
  await plant({ endpointUrl: "http://iot.invalid:1/", region: "us-east-1" });
  expect((await fota("list", "--endpoint-url", endpointUrl)).stderr).not.toContain("requests go to");
});

test("a completion sends nothing to an endpoint that nobody was shown", async () => {
  await plant({ endpointUrl: "http://iot.invalid:1/", region: "us-east-1" });
  expect(await fota("complete", "--", "status", "")).toMatchObject({ code: 0, stdout: "" });
});

describe.skipIf(!isRoot)("with files of another user (needs root)", () => {
  test("nothing is sent to the endpoint of another user's file", async () => {
    const path = await plant({ endpointUrl, region: "us-east-1" });
    await chown(path, OTHER_UID, OTHER_UID);
    const { stderr } = await fota("list");
    expect(stderr).toContain(`warning: ${path} is ignored: it belongs to another user (uid ${OTHER_UID})`);
    expect(received).toEqual([]);
  });

  test("another user's file that was named is used", async () => {
    const path = await plant({ endpointUrl, region: "us-east-1" });
    await chown(path, OTHER_UID, OTHER_UID);
    expect((await fota("list", "--config", path)).stderr).not.toContain("ignored");
    expect(received.length).toBeGreaterThan(0);
  });

  test("another user's file that cannot be read or parsed does not stop a command", async () => {
    const path = await plant({});
    await writeFile(path, "{nonsense");
    await chown(path, OTHER_UID, OTHER_UID);
    await chmod(path, 0o000);
    expect((await fota("list", "--endpoint-url", endpointUrl, "--region", "us-east-1")).stderr).not.toContain(
      "CONFIG_INVALID",
    );
    expect(received.length).toBeGreaterThan(0);
  });
});
