// `npm run demo`: the main job, with real processes. A stand-in for AWS, three devices (the example firmware with the
// agent in it, under fota-boot), two publishes - one image is good, one dies at boot - and what runs at the end.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { styleText } from "node:util";

const FOTA = resolve("packages/cli/dist/fota.cjs");
const FOTA_BOOT = resolve("packages/agent/dist/fota-boot.cjs");
const BUILD_FIRMWARE = resolve("examples/simulated-device/build.mjs");
const BUCKET = "firmware";
const GOOD = ["pump-1", "pump-2"];
const UNLUCKY = "pump-3";
const THINGS = [...GOOD, UNLUCKY];
const STOP_GRACE_MS = 3_000;

const paint = (style, text) => (process.stdout.isTTY ? styleText(style, text) : text);

const folder = mkdtempSync(join(tmpdir(), "fota-demo-"));
const started = new Set();
let ending;

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
]) {
  process.on(signal, () => end(code));
}

try {
  await demo();
  await end(0);
} catch (error) {
  if (!ending) console.error(`\ndemo failed: ${error.message}`);
  await end(1);
}

async function demo() {
  heading("AWS IoT, its MQTT broker and S3, in one process");
  const seeds = ["--bucket", BUCKET, ...THINGS.flatMap((thing) => ["--thing", thing])];
  const ports = ["--port", "--https-port", "--mqtt-port", "--mqtts-port"].flatMap((port) => [port, "0"]);
  const local = start("fota local", FOTA, ["local", "--json", ...ports, ...seeds]);
  const cloud = JSON.parse(await local.line((line) => line.startsWith("{")));
  console.log(`stand-in at ${cloud.endpoint}, devices connect to ${cloud.mqtts} with certificates`);

  heading(`${THINGS.length} devices running firmware 1.0.0`);
  const images = {
    factory: buildFirmware("1.0.0"),
    good: buildFirmware("2.0.0"),
    bad: buildFirmware("2.0.1", "--broken"),
  };
  const devices = new Map();
  for (const thing of THINGS) devices.set(thing, await startDevice(thing, cloud, images.factory));
  await Promise.all(
    [...devices.values()].map((device) => device.line((line) => line.includes("firmware 1.0.0"))),
  );

  const target = (things) => things.flatMap((thing) => ["--to", thing]);
  const publish = (image, version, things) =>
    fota(cloud, [
      "publish",
      image,
      "--slot",
      "1",
      ...target(things),
      "--bucket",
      BUCKET,
      "--fw-version",
      version,
    ]);

  heading("Version 2.0.0 to two of them");
  const good = await publish(images.good, "2.0.0", GOOD);
  await follow(cloud, good, 0);

  heading("Version 2.0.1, which dies at boot, to the third");
  const bad = await publish(images.bad, "2.0.1", [UNLUCKY]);
  await follow(cloud, bad, 3);

  heading("What each device runs now");
  printTable(devices, [...(await executionsOf(cloud, good)), ...(await executionsOf(cloud, bad))]);
}

/** Provisions a thing as a factory would: certificate, image in slot 0, then the launcher that stays. */
async function startDevice(thing, cloud, image) {
  const dir = join(folder, thing);
  const made = spawnSync(process.execPath, [FOTA_BOOT, "--dir", dir, "--install", image], {
    encoding: "utf8",
  });
  if (made.status !== 0) throw new Error(`fota-boot --install: ${made.stderr}`);

  const certificate = await aws(cloud, "POST", "/keys-and-certificate?setAsActive=true");
  await aws(cloud, "PUT", `/things/${thing}/principals`, { "x-amzn-principal": certificate.certificateArn });
  const [cert, key] = [join(dir, "device.pem"), join(dir, "device.key")];
  writeFileSync(cert, certificate.certificatePem);
  writeFileSync(key, certificate.keyPair.PrivateKey, { mode: 0o600 });

  const env = {
    FOTA_THING: thing,
    FOTA_MQTT_URL: cloud.mqtts,
    FOTA_CERT: cert,
    FOTA_KEY: key,
    FOTA_CA: cloud.ca,
    FOTA_ALLOW_LOOPBACK_HTTP: "1",
  };
  return start(thing, FOTA_BOOT, ["--dir", dir], { ...env, FOTA_POLL_MS: "200" }, true);
}

async function aws(cloud, method, path, headers = {}) {
  const response = await fetch(`${cloud.endpoint}${path}`, { method, headers });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === "" ? {} : JSON.parse(text);
}

function buildFirmware(version, ...flags) {
  const out = join(folder, `firmware-${version}`);
  const built = spawnSync(process.execPath, [BUILD_FIRMWARE, "--version", version, ...flags, "--out", out]);
  if (built.status !== 0) throw new Error(`building firmware ${version}: ${built.stderr}`);
  return out;
}

/** Runs a command of the CLI as a person would, shows it, and gives its result as data. */
async function fota(cloud, args) {
  console.log(paint("bold", `$ fota ${args.map((arg) => arg.replace(`${folder}/`, "")).join(" ")}`));
  const shown = start("fota", FOTA, args, cloudEnv(cloud), "inherit");
  const code = await shown.exited;
  if (code !== 0) throw new Error(`fota ${args[0]} ended with exit code ${code}`);
  // The same publish again is the same job: this asks for its result as data and changes nothing.
  return json(cloud, args).jobId;
}

async function follow(cloud, jobId, expectedCode) {
  console.log(paint("bold", `\n$ fota status ${jobId} --wait`));
  const code = await start("fota", FOTA, ["status", jobId, "--wait"], cloudEnv(cloud), "inherit").exited;
  if (code !== expectedCode) throw new Error(`fota status ended with exit code ${code}, not ${expectedCode}`);
}

async function executionsOf(cloud, jobId) {
  return json(cloud, ["status", jobId, "--things"]).executions;
}

function json(cloud, args) {
  const options = { encoding: "utf8", env: { ...process.env, ...cloudEnv(cloud) } };
  const { stdout, stderr, status } = spawnSync(process.execPath, [FOTA, ...args, "--json"], options);
  if (status !== 0) throw new Error(`fota ${args[0]} --json: ${stderr}`);
  return JSON.parse(stdout);
}

function cloudEnv(cloud) {
  return {
    AWS_ENDPOINT_URL: cloud.endpoint,
    AWS_REGION: cloud.region,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
  };
}

function printTable(devices, executions) {
  const rows = [["DEVICE", "RUNS", "JOB", "CAUSE"]];
  for (const { thing, status, reason, detail } of executions) {
    const running = devices.get(thing).lines.findLast((line) => line.includes("running from slot"));
    const cause = [reason, detail].filter(Boolean).join(": ");
    rows.push([thing, running?.replace(/^.*(firmware .*)$/, "$1") ?? "?", status, cause]);
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  for (const row of rows)
    console.log(
      row
        .map((cell, i) => cell.padEnd(widths[i]))
        .join("  ")
        .trimEnd(),
    );
}

function heading(text) {
  console.log(`\n${paint(["bold", "cyan"], `== ${text}`)}`);
}

/** Starts a Node.js program; its lines are kept, and shown where `show` says so. It is gone when the demo ends. */
function start(name, program, args, env = {}, show = false) {
  if (ending) throw new Error("interrupted");
  const stdio = show === "inherit" ? "inherit" : ["ignore", "pipe", "pipe"];
  const child = spawn(process.execPath, [program, ...args], { stdio, env: { ...process.env, ...env } });
  const lines = [];
  const waiting = new Set();
  const exited = new Promise((resolveExit) => {
    child.once("close", (code) => {
      started.delete(child);
      for (const { reject } of waiting)
        reject(new Error(`${name} ended with ${code}: ${lines.slice(-3).join(" | ")}`));
      resolveExit(code);
    });
  });
  started.add(child);
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      if (show === true && !ending) console.log(paint("dim", `  ${name}  ${line}`));
      for (const waiter of waiting) if (waiter.matches(line)) waiter.resolve(line);
    });
  }
  /** The first line, past or to come, that `matches`. */
  const line = (matches) =>
    new Promise((resolveLine, reject) => {
      const seen = lines.find(matches);
      if (seen !== undefined) return resolveLine(seen);
      waiting.add({ matches, resolve: resolveLine, reject });
    });
  return { lines, line, exited };
}

/** Ends everything that the demo started, then the demo itself. Called again, it does not wait any longer. */
async function end(code) {
  if (ending) for (const child of started) child.kill("SIGKILL");
  ending ??= stopAll();
  await ending;
  process.exit(code);
}

async function stopAll() {
  const gone = [...started].map((child) => new Promise((done) => child.once("close", done)));
  for (const child of started) child.kill("SIGTERM");
  const timer = setTimeout(() => {
    for (const child of started) child.kill("SIGKILL");
  }, STOP_GRACE_MS);
  await Promise.all(gone);
  clearTimeout(timer);
  rmSync(folder, { recursive: true, force: true });
}
