import { readdirSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { commandLines, reachesAws } from "./every-command.js";
import { BUCKET, type Fleet, startFleet } from "./fleet.js";
import { HOSTILE, type HostileProxy, startHostileProxy } from "./hostile-proxy.js";
import { stubEnvironment } from "./stub-environment.js";
import { runOnTerminal } from "./terminal-in-process.js";

let fleet: Fleet;
let proxy: HostileProxy;

beforeAll(async () => {
  stubEnvironment({ AWS_REGION: "us-east-1" });
  fleet = await startFleet();
  proxy = await startHostileProxy(fleet.local.endpoint);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await proxy.stop();
  await fleet.stop();
});

/** The colors that fota sets, and what draws and asks. */
const OURS = new RegExp(
  [
    "\\x1b\\[(?:0|1|2|22|31|32|33|36|39)m",
    "\\x1b\\[\\?(?:25|2026)[hl]",
    "\\r?\\x1b\\[\\d*[AGJK]",
    "\\r",
  ].join("|"),
  "g",
);
const char = (code: number) => `\\u${code.toString(16).padStart(4, "0")}`;
const RANGES = [
  [0, 8],
  [11, 31],
  [0x7f, 0x9f],
  [0x200e, 0x200f],
  [0x2028, 0x202e],
  [0x2066, 0x2069],
] as const;
const UNSAFE = new RegExp(
  `[${RANGES.map(([from, to]) => `${char(from)}-${char(to)}`).join("")}]|\\p{Cs}`,
  "u",
);

async function freshNames() {
  const ended = await fleet.publish({ to: ["pump-1", "pump-2"], model: "pump" });
  await fleet.report("pump-1", ended.jobId, "SUCCEEDED", { running: "1.2" });
  await fleet.report("pump-2", ended.jobId, "FAILED", { reason: "digest-mismatch", detail: "expected one" });
  const running = await fleet.publish({ to: ["pump-3"] });
  return { ended: ended.jobId, running: running.jobId, thing: "pump-2", bucket: BUCKET };
}

async function everyCommand(endpoint: string, look: (args: string[], shown: string, stdout: string) => void) {
  const lines = commandLines(await freshNames()).filter(
    ({ args }) => reachesAws(args) && args[0] !== "device",
  );
  for (const { args, runsUntilStopped } of lines) {
    const { stdout, stderr } = await runOnTerminal(
      [...args, "--region", "us-east-1", "--endpoint-url", endpoint],
      {
        cwd: fleet.folder,
        columns: 100_000, // nothing is broken at its words
        rows: 1_000,
        ...(runsUntilStopped !== undefined && { interruptAt: runsUntilStopped }),
      },
    );
    look(args, `${stdout}${stderr}`, stdout);
  }
}

function expectHarmless(args: string[], shown: string): void {
  const rest = shown.replace(OURS, "");
  const at = rest.search(UNSAFE);
  const around = at < 0 ? "" : JSON.stringify(rest.slice(Math.max(0, at - 60), at + 20));
  expect.soft(`${args.join(" ")}: ${around}`).toBe(`${args.join(" ")}: `);
  expect.soft(`${args.join(" ")}: ${/^.*\n^SPOOF.*/m.exec(rest)?.[0] ?? ""}`).toBe(`${args.join(" ")}: `);
}

test.each([
  ["of a job, a thing or a service", false],
  ["of a job document", true],
])(
  "no text %s controls the terminal, whatever the command",
  {
    timeout: 200_000,
  },
  async (_whose, documents) => {
    const showing = new Set<string>();
    proxy.documents = documents;
    await everyCommand(proxy.endpoint, (args, shown, stdout) => {
      expectHarmless(args, shown);
      if (shown.includes("\ufffd")) showing.add(args[0] ?? "");
      if (args.includes("--json") && stdout !== "") {
        expect.soft(shown).not.toContain("\ufffd"); // the data is what it was, in escapes
        const whole = JSON.stringify(HOSTILE).slice(1, -1);
        if (/^(status|list|show)$/.test(args[0] ?? ""))
          expect.soft(JSON.stringify(JSON.parse(stdout))).toContain(whole);
      }
    });
    expect([...showing]).toEqual(
      expect.arrayContaining(["status", "list", "show", ...(documents ? [] : ["why"])]),
    );
  },
);

test.each([
  [400, "InvalidRequestException"],
  [403, "AccessDeniedException"],
  [500, "InternalException"],
])("nor does the text of an error %i", { timeout: 200_000 }, async (status, name) => {
  proxy.fail(status, name);
  await everyCommand(proxy.endpoint, expectHarmless);
});

test("only the output layer writes to a stream", () => {
  const layer = /\/src\/(terminal\/(text|screen|sink)|bin)\.ts$/;
  const root = new URL("../src/", import.meta.url).pathname;
  const files = readdirSync(root, { recursive: true, encoding: "utf8" })
    .map((name) => `${root}${name}`)
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts") && !layer.test(path));
  const writers = files.filter((path) =>
    /\b(stdout|stderr|process)\.write\(|console\.(log|error|warn)/.test(readFileSync(path, "utf8")),
  );
  expect(writers).toEqual([]);
});
