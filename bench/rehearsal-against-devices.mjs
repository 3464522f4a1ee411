// Runs rollouts on real devices (`fota device` with `fota local`) and in `fota rehearse`, and prints how far apart the
// two are. `npm run build` first; then:
// node bench/rehearsal-against-devices.mjs [--quick] [--json] [--only text] [--save file | --from file]
// Takes about six minutes, as the rollouts run at the same time, in real time; --quick runs one of 15 s. With --from, the
// figures of the devices come from a file that --save wrote, so that a change of the rehearsal can be compared with them at once.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { figureRow, median } from "./harness/figures.mjs";
import { runBench } from "./harness/run-bench.mjs";
import { QUICK_ROLLOUTS, ROLLOUTS } from "./rehearsal-rollouts.mjs";

const FOTA = fileURLToPath(new URL("../packages/cli/dist/fota.cjs", import.meta.url));
const AUTHORIZATION =
  "AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/iot/aws4_request, SignedHeaders=host, Signature=0";
const ENDED = ["succeeded", "failed", "rejected", "timedOut", "canceled"];
const RUNS = 200;
/** Two curves are compared within this time, so that a batch that comes a moment later does not count. */
const WITHIN_SECONDS = 2;

const folder = await mkdtemp(join(tmpdir(), "fota-rehearsal-"));
const started = [];
process.once("SIGINT", () => stop().then(() => process.exit(130)));
await runBench(
  {
    name: "rollouts in fota rehearse; peer: on real devices",
    options: {
      only: { type: "string", default: "" },
      save: { type: "string", default: "" },
      from: { type: "string", default: "" },
    },
    rounds: { full: 1, quick: 1 },
  },
  async ({ values, isQuick, note }) => {
    try {
      return await compareRollouts(isQuick ? QUICK_ROLLOUTS : ROLLOUTS, values, note);
    } finally {
      await stop();
    }
  },
);

async function compareRollouts(rollouts, { only, save, from }, note) {
  const names = Object.keys(rollouts).filter((name) => name.includes(only));
  const known = from === "" ? {} : JSON.parse(await readFile(from, "utf8"));
  const found = await Promise.all(
    names.map(async (name, index) => [name, known[name] ?? (await onDevices(rollouts[name], index))]),
  );
  if (save !== "") await writeFile(save, JSON.stringify(Object.fromEntries(found)));
  const rows = [];
  for (const [name, devices] of found) {
    const rehearsal = await rehearsed(rollouts[name], name);
    note(formatComparison(name, devices, rehearsal));
    rows.push(...figureRows(name, devices, rehearsal));
  }
  return rows;
}

/** The typical run of the rehearsal beside the devices. */
function figureRows(name, devices, { runs, timeline }) {
  const ended = runs.flatMap(({ endedAfterSeconds }) => endedAfterSeconds ?? []);
  const peer = devices.endedAfterSeconds === null ? undefined : [devices.endedAfterSeconds];
  const apart = gaps(devices, timeline).map((gap) => 100 * gap);
  return [
    ...(ended.length > 0
      ? [figureRow({ what: `${name}: ended after`, unit: "s", ours: [median(ended)], peer })]
      : []),
    figureRow({
      what: `${name}: executions apart at most, over time`,
      unit: "%",
      ours: [Math.max(...apart)],
    }),
  ];
}

async function stop() {
  for (const { child } of started) child.kill("SIGTERM");
  await Promise.all(started.map(({ ended }) => ended));
  await rm(folder, { recursive: true, force: true });
}

/** Runs a rollout on real devices: counts over time, the time of the end, and what had run at the abort. */
async function onDevices(rollout, index) {
  const { parts, job, kib = 64, faults = [], longestSeconds = 600 } = rollout;
  const dir = join(folder, String(index));
  const off = parts.flatMap(({ count, device }, part) =>
    device === null
      ? Array.from({ length: count }, (_, i) => ["--thing", `part${part}-${i + 1}`]).flat()
      : [],
  );
  const local = start(["local", "--json", "--ports", "auto", "--bucket", "firmware", ...off]);
  const { endpoint } = JSON.parse(await local.line("{"));
  for (const fault of faults) await post(`${endpoint}/_fota/faults`, fault);
  const ranAt = new Map();
  const things = [];
  for (const [part, { count, device = [] }] of parts.entries()) {
    const thing = `part${part}`;
    const names = Array.from({ length: count }, (_, i) => `${thing}-${i + 1}`);
    things.push(...names);
    if (device === null) continue;
    const args = [
      "device",
      "--local",
      "--thing",
      thing,
      "--count",
      `${count}`,
      "--dir",
      `${dir}-${part}`,
      "--json",
    ];
    const devices = start([...args, ...device], endpoint, ({ event, trial, thing: name }) => {
      if (event === "booted" && trial && !ranAt.has(name)) ranAt.set(name, Date.now());
    });
    for (const name of names) await devices.line(`{"thing":"${name}","event":"connected"`);
  }
  const image = join(folder, `image-${index}`);
  await writeFile(image, randomBytes(kib * 1024));
  // Things of all parts take turns, as in a fleet whose bad devices nobody knows.
  await writeFile(`${image}.txt`, shuffle(things).join("\n"));
  const to = ["--slot", "1", "--to", `@${image}.txt`, "--bucket", "firmware", "--local", "--json"];
  await alignment(rollout);
  const publish = start(["publish", image, ...to, ...job], endpoint);
  if ((await publish.ended) !== 0) throw new Error(publish.stderr());
  const { jobId } = JSON.parse(publish.stdout());
  const points = [];
  let startMs;
  let aborted;
  for (;;) {
    const answer = await fetch(`${endpoint}/jobs/${jobId}`, { headers: { authorization: AUTHORIZATION } });
    const { job: described } = await answer.json();
    const nowMs = Date.now();
    startMs ??= described.createdAt * 1000;
    const counts = countsOf(described.jobProcessDetails);
    const afterSeconds = (nowMs - startMs) / 1000;
    points.push({ afterSeconds, counts });
    if (aborted === undefined && described.reasonCode === "ABORT_CRITERIA_MET") {
      const atMs = described.lastUpdatedAt * 1000;
      aborted = {
        afterSeconds: (atMs - startMs) / 1000,
        devicesThatRanImage: [...ranAt.values()].filter((ranMs) => ranMs <= atMs).length,
      };
    }
    const pending = counts.queued + counts.inProgress;
    const ended = ["COMPLETED", "CANCELED"].includes(described.status) || endedIn(counts) >= things.length;
    if ((ended && pending === 0) || afterSeconds > longestSeconds) {
      return {
        endedAfterSeconds: pending === 0 ? lastChange(points) : null,
        aborted: aborted ?? null,
        devicesThatRanImage: ranAt.size,
        points,
      };
    }
    await sleep(250);
  }
}

/** Returns the time at which the counts were first as they were at the end. */
function lastChange(points) {
  const last = JSON.stringify(points.at(-1).counts);
  return points.find(({ counts }) => JSON.stringify(counts) === last).afterSeconds;
}

async function rehearsed(rollout, name) {
  const { parts, job, kib = 64 } = rollout;
  const file = join(folder, "fleet.json");
  const groups = parts.map(({ count, is }, part) => ({ name: `part${part}`, weight: count, ...is }));
  const size = parts.reduce((sum, { count }) => sum + count, 0);
  await writeFile(file, JSON.stringify({ size, groups }));
  const image = join(folder, "image");
  await writeFile(image, Buffer.alloc(kib * 1024));
  await alignment(rollout);
  const run = start(["rehearse", image, ...job, "--fleet", file, "--runs", `${RUNS}`, "--json"]);
  if ((await run.ended) !== 0) throw new Error(`${name}: ${run.stderr()}`);
  return JSON.parse(run.stdout());
}

/** Formats both side by side for people. */
function formatComparison(name, devices, { runs, timeline }) {
  const lines = [`\n${name}`];
  const row = (label, ofDevices, ofRehearsal) =>
    lines.push(`  ${label.padEnd(16)}${ofDevices.padStart(8)}   ${ofRehearsal}`);
  row("", "devices", "rehearsal: 5 %, 50 %, 95 % of the runs");
  const spread = (values) => {
    const sorted = values.map((value) => value ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
    return [0.05, 0.5, 0.95].map((part) => sorted[Math.ceil(part * sorted.length) - 1]);
  };
  const compare = (label, value, values, digits = 0) => {
    const shown = spread(values).map((number) =>
      Number.isFinite(number) ? number.toFixed(digits) : "never",
    );
    row(label, value === null ? "never" : value.toFixed(digits), shown.join(", "));
  };
  compare(
    "ended, s",
    devices.endedAfterSeconds,
    runs.map(({ endedAfterSeconds }) => endedAfterSeconds),
    1,
  );
  const aborts = runs.flatMap(({ abort }) => abort ?? []);
  if (devices.aborted !== null || aborts.length > 0) {
    row("aborted", devices.aborted === null ? "no" : "yes", `${aborts.length} of ${runs.length}`);
  }
  if (devices.aborted !== null && aborts.length > 0) {
    compare(
      "aborted, s",
      devices.aborted.afterSeconds,
      aborts.map(({ afterSeconds }) => afterSeconds),
      1,
    );
    compare(
      "ran it by then",
      devices.aborted.devicesThatRanImage,
      aborts.map((abort) => abort.devicesThatRanImage),
    );
  }
  compare(
    "ran it",
    devices.devicesThatRanImage,
    runs.map((run) => run.devicesThatRanImage),
  );
  const last = devices.points.at(-1).counts;
  for (const status of Object.keys(last)) {
    const values = runs.map(({ counts }) => counts[status]);
    if (last[status] > 0 || Math.max(...values) > 0) compare(status, last[status], values);
  }
  const apart = gaps(devices, timeline).map((gap) => 100 * gap);
  const mean = apart.reduce((sum, gap) => sum + gap, 0) / apart.length;
  row(
    "over time",
    "",
    `${Math.max(...apart).toFixed(1)} % of the executions apart at most, ${mean.toFixed(1)} % in the mean`,
  );
  return lines.join("\n");
}

function endedIn(counts) {
  return ENDED.reduce((sum, status) => sum + (counts[status] ?? 0), 0);
}

/** Returns the share of the executions by which the typical run is ahead or behind, at each of its points. */
function gaps({ points }, timeline) {
  const total = Math.max(1, endedIn(points.at(-1).counts), endedIn(timeline.at(-1).counts));
  return timeline.map(({ afterSeconds, counts }) => {
    const endedBy = (seconds) =>
      endedIn((points.findLast((point) => point.afterSeconds <= seconds) ?? points[0]).counts);
    const [least, most] = [endedBy(afterSeconds - WITHIN_SECONDS), endedBy(afterSeconds + WITHIN_SECONDS)];
    return Math.max(0, endedIn(counts) - most, least - endedIn(counts)) / total;
  });
}

/** Waits until a few seconds after a multiple of `alignSeconds`. */
async function alignment({ alignSeconds }) {
  if (alignSeconds === undefined) return;
  const periodMs = alignSeconds * 1000;
  await sleep(periodMs - ((Date.now() - 5000) % periodMs));
}

function countsOf(details = {}) {
  const member = (status) => details[`numberOf${status}Things`] ?? 0;
  return {
    queued: member("Queued"),
    inProgress: member("InProgress"),
    succeeded: member("Succeeded"),
    failed: member("Failed"),
    timedOut: member("TimedOut"),
    rejected: member("Rejected"),
    canceled: member("Canceled"),
  };
}

function shuffle(items) {
  const mixed = [...items];
  let state = 12345;
  for (let i = mixed.length - 1; i > 0; i -= 1) {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    const j = state % (i + 1);
    [mixed[i], mixed[j]] = [mixed[j], mixed[i]];
  }
  return mixed;
}

async function post(url, body) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${url}: ${await answer.text()}`);
}

/** Starts a fota command; `onEvent` gets each line that it prints, as JSON. */
function start(args, endpoint, onEvent = () => {}) {
  const env = { ...process.env, ...(endpoint && { AWS_ENDPOINT_URL: endpoint }) };
  const child = spawn(process.execPath, [FOTA, ...args], {
    env,
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const lines = [];
  const waiting = new Set();
  let stderr = "";
  child.stderr.on("data", (piece) => {
    stderr += piece;
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(line);
    if (line.startsWith("{") && line.endsWith("}")) onEvent(JSON.parse(line));
    for (const look of waiting) look();
  });
  const ended = new Promise((resolve) => {
    child.once("close", resolve);
  });
  /** Resolves to the line that begins with `text`, also if it was printed before. */
  const line = (text) =>
    new Promise((resolve, reject) => {
      const look = () => {
        const found = lines.find((candidate) => candidate.startsWith(text));
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
      void ended.then(() => reject(new Error(`fota ${args[0]} ended: ${stderr}`)));
    });
  const running = { child, ended, line, stderr: () => stderr, stdout: () => lines.join("\n") };
  started.push(running);
  return running;
}
