import { execFile, execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { speedUpClock } from "./fast-clock.js";
import { type Fleet, startFleet } from "./fleet.js";
import { runFota } from "./in-process.js";
import { stubEnvironment } from "./stub-environment.js";

let folder: string;
let fleet: Fleet;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fota-refuses-"));
  await writeFile(join(folder, "app.bin"), "image");
  await mkdir(join(folder, "folder"));
  await symlink("loop", join(folder, "loop"));
  execFileSync("mkfifo", [join(folder, "fifo")]);
  await runFota(["keygen", "key.pem", "--no-passphrase"], { cwd: folder });
  await writeFile(join(folder, "job.json"), JSON.stringify(JOB_DOCUMENT));
  fleet = await startFleet();
});
beforeEach(() => stubEnvironment());
afterEach(() => vi.restoreAllMocks());
afterAll(async () => {
  vi.unstubAllEnvs();
  await fleet.stop();
  await rm(folder, { recursive: true });
});

/** Paths that no file can be read from. */
const UNREADABLE: readonly [what: string, path: string][] = [
  ["nothing", "nothing"],
  ["a folder", "folder"],
  ["a file below a file", "app.bin/file"],
  ["a link to itself", "loop"],
  ["a name that is too long", "x".repeat(300)],
  ["a path that is too long", "x/".repeat(4_000)],
  ["a NUL in the name", "a\0b"],
  ["what never ends", "/dev/zero"],
  ["nothing in /proc", "/proc/nope/nope"],
];

/** Paths that no folder can be made at, nor kept anything in. */
const NO_FOLDER: readonly [what: string, path: string][] = [
  ["a file", "app.bin"],
  ["something below a file", "app.bin/folder"],
  ["a link to itself", "loop"],
  ["a FIFO", "fifo"],
  ["a device", "/dev/full"],
  ["a name that is too long", "x".repeat(300)],
  ["a NUL in the name", "a\0b"],
  ["nothing in /proc", "/proc/nope/deeper"],
  ["/proc itself", "/proc"],
  ["/sys, which takes nothing", "/sys/nope"],
];

const JOB_DOCUMENT = {
  operation: "fota",
  bc_idx: 1,
  bc_crc: "0".repeat(32),
  bc_size: 1,
  bc_url: "https://fw.example/app.bin",
  bc_sha256: "0".repeat(64),
  bc_model: "pump",
};

interface Place {
  args(path: string): string[];
  env?(path: string): Record<string, string>;
  /** Paths that are right here, or that the option does not mean as a path. */
  not?: RegExp;
}

const PUBLISH = ["publish", "app.bin", "--slot", "1", "--to", "pump-1", "--bucket", "fw-releases"];
const DEVICE = ["device", "--thing", "pump-1", "--mqtt", "mqtts://127.0.0.1:1"];

const READS: Record<string, Place> = {
  "--config": { args: (path) => ["list", "--config", path] },
  FOTA_CONFIG: { args: () => ["list"], env: (path) => ({ FOTA_CONFIG: path }), not: /\0/ },
  "init --config": {
    args: (path) => ["init", "--config", path, "--bucket", "b-1", "--yes"],
    not: /^nothing$/,
  },
  "an image": { args: (path) => ["publish", path, ...PUBLISH.slice(2)] },
  "a second image": { args: (path) => ["publish", "app.bin@0", `${path}@1`, ...PUBLISH.slice(4)] },
  "--to @file": { args: (path) => [...PUBLISH, "--to", `@${path}`] },
  "show --key": { args: (path) => ["show", "fota-1", "--key", path] },
  "a document to sign": { args: (path) => ["sign", path, "--sign", "key.pem"] },
  "sign --sign": { args: (path) => ["sign", "job.json", "--sign", `ann=${path}`] },
  "sign --public-key": {
    args: (path) => ["sign", "job.json", "--sign-with", "true", "--public-key", `ann=${path}`],
  },
  "keygen --passphrase-file": { args: (path) => ["keygen", "new.pem", "--passphrase-file", path] },
  "a document to verify": { args: (path) => ["verify", path, "--key", "key.pem.pub"] },
  "verify --key": { args: (path) => ["verify", "job.json", "--key", `ann=${path}`] },
  "verify --keys": { args: (path) => ["verify", "job.json", "--keys", path] },
  "verify --image": { args: (path) => ["verify", "job.json", "--key", "key.pem.pub", "--image", path] },
  "publish --document": { args: (path) => [...PUBLISH, "--document", path] },
  "publish --keys": { args: (path) => [...PUBLISH, "--model", "p", "--sign", "key.pem", "--keys", path] },
  "rehearse --fleet": { args: (path) => ["rehearse", "app.bin", "--things", "1", "--fleet", path] },
  "--ca": { args: (path) => [...DEVICE, "--ca", path] },
  "--cert": { args: (path) => [...DEVICE, "--cert", path] },
  "--key": { args: (path) => [...DEVICE, "--key", path] },
  "thing create --csr": { args: (path) => ["thing", "create", "pump-1", "--out", "new", "--csr", path] },
  AWS_CA_BUNDLE: { args: () => ["list"], env: (path) => ({ AWS_CA_BUNDLE: path }), not: /\0/ },
};

const FOLDERS: Record<string, Place> = {
  "local --dir": {
    args: (path) => [
      "local",
      "--dir",
      path,
      ...["--port", "--https-port", "--mqtt-port", "--mqtts-port"].flatMap((flag) => [flag, "0"]),
    ],
  },
  "sign --out": { args: (path) => ["sign", "job.json", "--sign", "key.pem", "--out", path] },
  keygen: { args: (path) => ["keygen", path, "--id", "ann", "--no-passphrase"] },
  "device --dir": { args: (path) => ["device", "--thing", "pump-1", "--dir", path] },
};

interface Case {
  where: string;
  what: string;
  path: string;
  place: Place;
}

const cases = (places: Record<string, Place>, kinds: readonly (readonly [string, string])[]): Case[] =>
  Object.entries(places).flatMap(([where, place]) =>
    kinds
      .filter(([, path]) => place.not?.test(path) !== true)
      .map(([what, path]) => ({ where, what, path, place })),
  );

const reach = (args: readonly string[]) =>
  args[0] === "local" ? [...args] : [...args, "--endpoint-url", fleet.local.endpoint];

async function expectRefused({ path, place, where }: Case): Promise<void> {
  const args = where === "device --dir" ? [...place.args(path), "--local"] : place.args(path);
  const giveUp = AbortSignal.timeout(120_000);
  const env = place.env?.(path) ?? {};
  const { code, stderr } = await runFota(reach(args), { cwd: folder, env, signal: giveUp });
  expect(stderr, where).not.toMatch(/BUG|INTERRUPTED/);
  expect(stderr.match(/^error: .+ \([A-Z_]+\)$/gm), where).toHaveLength(1);
  expect(stderr, where).not.toMatch(/^ +at /m);
  expect([1, 2], where).toContain(code);
}

test.each([...cases(READS, UNREADABLE), ...cases(FOLDERS, NO_FOLDER)])(
  "$where: $what is refused in one line",
  expectRefused,
);

test("a FIFO that nobody writes to is refused in one line, wherever a file is read", async () => {
  speedUpClock(); // the wait for a writer
  await Promise.all(cases(READS, [["a FIFO", "fifo"]]).map(expectRefused));
});

test.each(NO_FOLDER)(
  "completion goes on without its cache where that would be in %s",
  async (_what, path) => {
    if (path.includes("\0")) return;
    const env = { XDG_CACHE_HOME: join(folder, path), AWS_ENDPOINT_URL: fleet.local.endpoint };
    const words = ["--", "status", "--local", "--thing", "pump-"];
    const { code, stdout } = await runFota(["complete", ...words], { cwd: folder, env });
    expect(code).toBe(0);
    expect(stdout).toContain("pump-1\t");
  },
);

test("what comes through a pipe is read as from a file", async () => {
  const { stderr } = await inShell(`"$FOTA" list --config <(sleep 0.2; echo '{"nonsense": 1}')`);
  expect(stderr).toMatch(/unknown key "nonsense"/);
});

const FOTA = fileURLToPath(new URL("../dist/fota.cjs", import.meta.url));

async function inShell(script: string) {
  const { HOME = folder, PATH = "" } = process.env;
  const env = {
    HOME,
    PATH,
    FOTA,
    AWS_ENDPOINT_URL: fleet.local.endpoint,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
  };
  const ended = promisify(execFile)("bash", ["-c", script], { cwd: folder, env, timeout: 120_000 });
  return await ended.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code: code as number, stdout: String(stdout), stderr: String(stderr) }),
  );
}

// One of each way to stdout: before anything is loaded, by commander, in one piece, piece by piece.
describe.each(["--version", "--help", "list --json", "list --csv"])("fota %s", (args) => {
  test.concurrent("says in one line that the disk of its stdout is full", async () => {
    const { code, stderr } = await inShell(`"$FOTA" ${args} >/dev/full`);
    const inWords = /^error: cannot write to stdout: ENOSPC.+ \(OUTPUT_FAILED\)\nhint: .+\n$/;
    expect(stderr).toMatch(args.includes("--json") ? /^\{"error":\{"code":"OUTPUT_FAILED",.+\}\n$/ : inWords);
    expect(code).toBe(1);
  });

  test.concurrent("ends without a word when its reader has gone", async () => {
    const { stdout, stderr } = await inShell(`"$FOTA" ${args} | true; echo "\${PIPESTATUS[0]}"`);
    expect(stderr).toBe("");
    expect(stdout).toBe("0\n");
  });

  test.concurrent("does its work where stderr refuses", async () => {
    const { code, stdout } = await inShell(`"$FOTA" ${args} 2>/dev/full`);
    expect(code).toBe(0);
    expect(stdout).not.toBe("");
  });
});

test("an error that stderr refuses is an exit code", async () => {
  expect((await inShell(`"$FOTA" show nothing 2>/dev/full`)).code).toBe(1);
  expect((await inShell(`"$FOTA" show nothing 2>&1 >/dev/null | true; exit "\${PIPESTATUS[0]}"`)).code).toBe(
    1,
  );
});

const PORTS = ["--port", "--https-port", "--mqtt-port", "--mqtts-port"].map((flag) => `${flag} 0`).join(" ");
/** Commands that write into the folder `$AT`. */
const WRITES: Record<string, string> = {
  "local --dir": `"$FOTA" local --dir "$AT" ${PORTS}`,
  "local --dir of a new folder": `"$FOTA" local --dir "$AT/new" ${PORTS}`,
  "local in TMPDIR": `env TMPDIR="$AT" "$FOTA" local ${PORTS}`,
  "device --dir": '"$FOTA" device --local --thing pump-1 --dir "$AT"',
  "thing create --out": '"$FOTA" thing create pump-1 --local --out "$AT"',
  "init --config": '"$FOTA" init --bucket b-1 --yes --config "$AT/fota.config.json"',
};

function expectOneLine({ code, stderr }: { code: number; stderr: string }): void {
  expect(stderr.match(/^error: .+ \([A-Z_]+\)$/gm)).toHaveLength(1);
  expect(stderr).not.toMatch(/BUG|^ +at /m);
  expect([1, 2]).toContain(code);
}

/** Whether the shell can do it here: user namespaces and `setpriv` are missing in some containers. */
function canRun(script: string): boolean {
  try {
    execFileSync("sh", ["-c", script], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

describe.runIf(canRun("unshare -rm mount -t tmpfs -o size=16k none /mnt"))("on a full disk", () => {
  test.each(Object.entries(WRITES))("%s is refused in one line", async (_what, run) => {
    const full = join(folder, "full");
    await mkdir(full, { recursive: true });
    const fill = 'mount -t tmpfs -o size=16k none "$AT" && ! head -c 20000 /dev/zero 2>/dev/null >"$AT/rest"';
    const refused = await inShell(`export AT=${full}; unshare -rm sh -c '${fill} && timeout 20 ${run}'`);
    expectOneLine(refused);
    expect(refused.stderr).toContain("ENOSPC");
  });
});

const AS_NOBODY = "setpriv --reuid 65534 --regid 65534 --clear-groups";

describe.runIf(canRun(`${AS_NOBODY} test -r ${FOTA}`))("in a folder of another user", () => {
  test.each(Object.entries(WRITES))("%s is refused in one line", async (_what, run) => {
    const foreign = join(folder, "foreign");
    await mkdir(foreign, { recursive: true });
    await chmod(folder, 0o755);
    const refused = await inShell(
      `export AT=${foreign} HOME=/nonexistent; ${AS_NOBODY} sh -c 'timeout 20 ${run}'`,
    );
    expectOneLine(refused);
    expect(refused.stderr).toMatch(/EACCES|permission denied/);
  });
});
