import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { eventually } from "../../shared/test/eventually.js";
import { readProcess } from "../src/boot/processes.js";
import { commandSlots } from "../src/node/command-slots.js";
import { checkCommandSlots } from "../src/testing/index.js";
import { docBlock } from "./doc-block.js";

let folder: string;
let example: string;
let scratch: string;
beforeAll(async () => {
  // The example syncs a lot, which takes long on a disk that others use.
  if (existsSync("/dev/shm")) vi.stubEnv("TMPDIR", "/dev/shm");
  folder = await mkdtemp(join(tmpdir(), "fota-command-"));
  example = await docBlock("command-slots.md", "sh", "## An example");
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});
let count = 0;
beforeEach(async () => {
  count += 1;
  scratch = join(folder, `scratch-${count}`);
  await mkdir(scratch);
});

/** Writes a script and returns options with a scratch folder of its own. */
async function command(script: string, timeoutMs = 60_000) {
  const path = join(folder, `slots-${count}`);
  await writeFile(path, script);
  await chmod(path, 0o755);
  return { command: [path], timeoutMs, env: { FOTA_SCRATCH: scratch } };
}

/** From now on, the time limit of a call passes only when the test says so. */
function holdTimers(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
}

/** Returns the text of a file when a script has written a line of it. */
async function written(path: string): Promise<string> {
  return await eventually(async () => {
    const text = await readFile(path, "utf8");
    expect(text).toMatch(/\n$/);
    return text;
  });
}

describe("the example in docs/command-slots.md", () => {
  test("keeps the contract", async () => {
    const seen: string[] = [];
    const results = await checkCommandSlots(await command(example), ({ rule }) => seen.push(rule));
    expect(results.filter(({ fault }) => fault !== undefined)).toEqual([]);
    expect(results).toHaveLength(24); // as the page says
    expect(seen).toEqual(results.map(({ rule }) => rule));
  });

  test("does not keep it with faults in it, and the check names the broken rules", async () => {
    const faults = [
      ['seek="$3"', 'seek="0"'],
      ["accept) ", "accept) exit 0; "],
      ['save "$working" "$working" none\n      echo "$working"', 'echo "$current"'],
    ] as const;
    let broken = example;
    for (const [good, bad] of faults) {
      expect(broken).toContain(good);
      broken = broken.replace(good, bad);
    }
    const results = await checkCommandSlots(await command(broken));
    const rules = results.filter(({ fault }) => fault !== undefined).map(({ rule }) => rule);
    for (const rule of ["no cursor", "an accepted image stays", "a trial without accept is reverted"]) {
      expect(rules).toContainEqual(expect.stringContaining(rule));
    }
    expect(rules).not.toContain("close may be called twice, and without a write");
  });

  test("streams: many writes in a row are one call, which sync ends", async () => {
    const calls = join(scratch, "calls");
    const slots = await commandSlots(
      await command(example.replace("set -eu", `set -eu; echo "$*" >> ${calls}`)),
    );
    const piece = Buffer.alloc(4096, "new");
    await slots.erase(1, 10 * piece.length);
    for (let i = 0; i < 10; i += 1) await slots.write(1, i * piece.length, piece);
    await slots.sync(1);
    const lines = (await readFile(calls, "utf8")).trim().split("\n");
    expect(lines.filter((line) => line !== "describe")).toEqual(["erase 1 40960", "write 1 0"]);
    expect(
      (await readFile(join(scratch, "slot-1"))).subarray(0, 40960).equals(Buffer.alloc(40960, piece)),
    ).toBe(true);
  });
});

const describing = (more: string) => `#!/bin/sh
if [ "$1" = describe ]; then
  echo '{"contract":1,"runningSlot":0,"currentSlot":1,"workingSlot":0,"slotCount":2,"slotSizeBytes":65536}'; exit
fi
${more}
`;

test("a command without scratch slots is not checked: it would change the real ones", async () => {
  const touched = join(scratch, "touched");
  const refused = checkCommandSlots(await command(describing(`touch ${touched}`)));
  await expect(refused).rejects.toThrow(/^describe does not print "scratch": "/);
  expect(existsSync(touched)).toBe(false);
});

test("a call that hangs is killed with its children", async () => {
  const pids = join(scratch, "pids");
  const slots = await commandSlots(await command(describing(`sleep 1000 & echo $$ $! > ${pids}; wait`)));
  holdTimers();
  const attempted = slots.attempt(1);
  const text = await written(pids);
  vi.advanceTimersByTime(60_000);
  await expect(attempted).rejects.toThrow(/ attempt 1 did nothing for 60000 ms$/);
  const [shell, child] = text.trim().split(" ").map(Number);
  expect(await Promise.all([readProcess(shell ?? 0), readProcess(child ?? 0)])).toEqual([
    undefined,
    undefined,
  ]);
});

test("a write that hangs fails, also when the pipe is full", async () => {
  const hangs = join(scratch, "hangs");
  const script = describing(`[ "$1" != write ] || { echo yes > ${hangs}; sleep 1000; }`);
  const slots = await commandSlots(await command(script));
  holdTimers();
  await slots.write(1, 0, new Uint8Array(65_536));
  const synced = slots.sync(1);
  await written(hangs);
  vi.advanceTimersByTime(60_000);
  await expect(synced).rejects.toThrow(/ write 1 0 did nothing for 60000 ms$/);
});

test.each([
  ["exit 3", "SLOT_RUNNING"],
  ["exit 4", "TRIAL_OVER"],
  ["exit 5", "FALLBACK_MISSING"],
  ["exit 9", "SLOT_ACCESS"],
])("%s is %s, with what the command wrote to standard error", async (exit, code) => {
  const slots = await commandSlots(await command(describing(`echo 'no luck' >&2; ${exit}`)));
  await expect(slots.revert()).rejects.toMatchObject({
    code,
    message: expect.stringMatching(/ revert failed \(exit code \d\): no luck$/),
  });
});

test.each([
  ["nothing", "", /: no output$/],
  ["text", "slot 0", /: not a JSON object: slot 0$/],
  ["another contract", '{"contract":2}', /"contract" is 2, not 1$/],
  ["no running slot", '{"contract":1}', /"runningSlot" is undefined, not a whole number/],
  [
    "a slot out of range",
    '{"contract":1,"runningSlot":2,"currentSlot":0,"workingSlot":0,"slotCount":2,"slotSizeBytes":9}',
    /slot 2 of 2 slots$/,
  ],
])("a describe that prints %s is refused", async (_what, output, message) => {
  const refused = commandSlots(await command(`#!/bin/sh\necho '${output}'\n`));
  await expect(refused).rejects.toMatchObject({
    code: "BOOT_RECORD_INVALID",
    message: expect.stringMatching(message),
  });
});

test("a missing command is named", async () => {
  await expect(commandSlots({ command: ["/nowhere/slots"] })).rejects.toThrow(
    "/nowhere/slots does not exist",
  );
});

test("a command that ends without reading its input is an error, not a success", async () => {
  const slots = await commandSlots(await command(describing("echo 'disk full' >&2; exit 1")));
  const fill = async () => {
    for (let i = 0; i < 8; i += 1) await slots.write(1, i * 8192, new Uint8Array(8192));
    await slots.sync(1);
  };
  await expect(fill()).rejects.toThrow(/disk full$/);
});
