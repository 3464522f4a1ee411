// `npm run demo`: a complete update with real processes. A stand-in for AWS, three devices (the example firmware with
// the agent in it, under fota-boot), a good image, one that crashes at boot, and the one that fixes it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { isStopping, run, start, stopAll } from "./demo/processes.mjs";
import { heading, say, showCommand, showDevice, showTable, step } from "./demo/screen.mjs";

const FOTA = resolve("packages/cli/dist/fota.cjs");
const FOTA_BOOT = resolve("packages/agent/dist/fota-boot.cjs");
const BUILD_FIRMWARE = resolve("examples/simulated-device/build.mjs");
const BUCKET = "firmware";
const THINGS = ["pump-1", "pump-2", "pump-3"];
const [FIRST, SECOND, UNLUCKY] = THINGS;
const [FACTORY, GOOD, BAD, FIXED] = ["1.0.0", "2.0.0", "2.0.1", "2.0.2"];

const folder = mkdtempSync(join(tmpdir(), "fota-demo-"));

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
  if (!isStopping()) console.error(`\ndemo failed: ${error.message}`);
  await end(1);
}

async function demo() {
  console.log("One complete run with real processes. Nothing leaves this machine.");

  step("Start the cloud", "AWS IoT Jobs, its MQTT broker and S3, in one process that stands in for AWS.");
  const cloud = await startCloud();
  say(`API at ${cloud.endpoint}; the commands below find it by AWS_ENDPOINT_URL`);
  say(`MQTT at ${cloud.mqtts}; each device connects with its own certificate`);

  step(
    `Start three devices with firmware ${FACTORY}`,
    "Each is a program with the agent in it. fota-boot, its boot loader, runs it from one of two slots.",
  );
  await buildFirmware(FACTORY, GOOD, BAD, FIXED);
  const devices = await Promise.all(THINGS.map((thing) => startDevice(thing, cloud)));
  for (const { name, news } of devices) showDevice(name, news());
  const fleet = { cloud, devices };

  step(
    `Publish firmware ${GOOD} to ${FIRST} and ${SECOND}`,
    "The image goes to S3, the job to AWS IoT. The devices download it into the slot that does not run, boot it on trial, and confirm it. --slot any: a program is the same for every slot.",
  );
  await publish(fleet, GOOD, [FIRST, SECOND], 0);

  step(
    `Publish firmware ${BAD}, which crashes at boot, to ${UNLUCKY}`,
    "Its boot loader goes back to the old image, which reports what happened.",
  );
  await publish(fleet, BAD, [UNLUCKY], 3);
  console.log();
  await fota(cloud, ["why", "last"]);

  step(
    `Publish firmware ${FIXED} to all three`,
    `${FIRST} and ${SECOND} run slot 1 by now, ${UNLUCKY} runs slot 0: each takes the image for its other slot.`,
  );
  await publish(fleet, FIXED, THINGS, 0);

  heading("What you saw");
  console.log();
  showTable([["DEVICE", "BOOTED, IN THIS ORDER"], ...devices.map(historyOf)]);
  console.log();
  say("One image for both slots, uploaded once: no device writes the slot that it runs.");
  say("An image that crashes costs one restart. The job says FAILED, and why; the device still works.");
  say("SUCCEEDED means that the new image ran, reached the broker, and is confirmed.");

  heading("What next");
  say("Publish to a device of your own, in three terminals:");
  console.log();
  showTable([
    ["TERMINAL", "COMMAND"],
    ["each", `alias fota="${FOTA}"`],
    ["1", `fota local --bucket ${BUCKET} --thing thermostat-7`],
    ["2", "fota device --local --thing thermostat-7"],
    ["3", "head -c 100000 /dev/urandom > app.bin"],
    ["3", `fota publish app.bin --slot any --to thermostat-7 --bucket ${BUCKET} --local --wait`],
  ]);
  console.log();
  say("docs/device-guide.md puts the agent into your firmware; fota init sets up your AWS account.");
}

async function startCloud() {
  const seeds = ["--bucket", BUCKET, ...THINGS.flatMap((thing) => ["--thing", thing])];
  const local = start("fota local", FOTA, ["local", "--json", "--ports", "auto", ...seeds]);
  return JSON.parse(await local.line((line) => line.startsWith("{")));
}

async function buildFirmware(...versions) {
  await Promise.all(
    versions.map((version) => {
      const broken = version === BAD ? ["--broken"] : [];
      const args = ["--version", version, ...broken, "--out", imageOf(version)];
      return run(`the build of firmware ${version}`, BUILD_FIRMWARE, args);
    }),
  );
}

function imageOf(version) {
  return join(folder, `firmware-${version}`);
}

/** Provisions a thing as a factory would: certificate, image in slot 0, then the launcher, which is never replaced. */
async function startDevice(thing, cloud) {
  const dir = join(folder, thing);
  await run("fota-boot --install", FOTA_BOOT, ["--dir", dir, "--install", imageOf(FACTORY)]);
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
    FOTA_POLL_MS: "200",
  };
  const device = start(thing, FOTA_BOOT, ["--dir", dir], { env });
  await device.line((line) => line.includes("running from slot"));
  let shown = 0;
  /** Returns the lines since the last call. */
  const news = () => {
    const lines = device.lines.slice(shown);
    shown += lines.length;
    return lines;
  };
  return { ...device, news };
}

async function aws(cloud, method, path, headers = {}) {
  const response = await fetch(`${cloud.endpoint}${path}`, { method, headers });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === "" ? {} : JSON.parse(text);
}

/** Publishes and follows the job; then shows what its devices printed meanwhile, one device after the other. */
async function publish({ cloud, devices }, version, things, expectedCode) {
  const targets = things.flatMap((thing) => ["--to", thing]);
  const image = `firmware-${version}`;
  const options = ["--bucket", BUCKET, "--fw-version", version, "--wait"];
  await fota(cloud, ["publish", image, "--slot", "any", ...targets, ...options], expectedCode);
  console.log("\n   meanwhile, on the devices:");
  const isResult = (line) => line.includes(`job fota-${version.replaceAll(".", "-")}-`);
  for (const device of devices.filter(({ name }) => things.includes(name))) {
    await device.line(isResult);
    showDevice(device.name, device.news());
  }
}

/** Runs a command of the CLI on this terminal, as a user would. */
async function fota(cloud, args, expectedCode = 0) {
  showCommand(args);
  const env = {
    AWS_ENDPOINT_URL: cloud.endpoint,
    AWS_REGION: cloud.region,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
  };
  const code = await start("fota", FOTA, args, { env, cwd: folder, inherit: true }).exited;
  if (code !== expectedCode) {
    throw new Error(`fota ${args[0]} ended with exit code ${code}, not ${expectedCode}`);
  }
}

/** Lists the images that a device ran, each with its slot; the last one must be the fixed firmware. */
function historyOf({ name, lines }) {
  const boots = lines.flatMap((line) => {
    const [, version, slot] = /^firmware (\S+) running from slot (\d+)/.exec(line) ?? [];
    return version === undefined ? [] : [`${version} in slot ${slot}`];
  });
  if (!boots.at(-1)?.startsWith(FIXED)) throw new Error(`${name} runs ${boots.at(-1)}, not ${FIXED}`);
  return [name, boots.join(", ")];
}

/** Stops everything that the demo started, then the demo itself. */
async function end(code) {
  await stopAll();
  rmSync(folder, { recursive: true, force: true });
  process.exit(code);
}
