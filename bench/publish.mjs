// Publishing against the shell script that people write, and start-up against bare Node.js.
//   node bench/publish.mjs [--quick] [--json] [--rounds 5] [--sizes 1,512] [--server local|moto] [--address 127.0.0.1]
// An address of this machine that is no loopback address (`hostname -I`) has large images go up in parts, as to S3. The
// script's `aws s3 cp` always uploads them in parts. Without the `aws` command, fota is measured alone.
import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { timeCommand } from "./harness/command.mjs";
import { figureRow } from "./harness/figures.mjs";
import { inTurns } from "./harness/in-turns.mjs";
import { cpuMsDuring } from "./harness/process.mjs";
import { runBench } from "./harness/run-bench.mjs";
import { iotClient } from "./iot-client.mjs";
import { startMoto } from "./moto.mjs";

const MIB = 1024 * 1024;
const BUCKET = "fw-releases";
const THING = "pump-1";
const JOB = "fota-bench";
const FOTA = fileURLToPath(new URL("../packages/cli/dist/fota.cjs", import.meta.url));
/** The start-up of a command is short, so it is measured more often than a publish. */
const START_UPS_PER_ROUND = 3;

/** What `fota publish` does, without its checks: digest, and the three calls for upload, URL and job. */
const SCRIPT = `set -e
aws=$1 image=$2 bucket=$3 job=$4 arn=$5
key="script/$job/app.bin"
md5=$(md5sum "$image" | cut -d' ' -f1)
size=$(stat -c %s "$image")
"$aws" s3 cp --quiet "$image" "s3://$bucket/$key"
url=$("$aws" s3 presign "s3://$bucket/$key" --expires-in 604800)
printf '{"operation":"fota","bc_idx":1,"bc_crc":"%s","bc_size":%s,"bc_url":"%s"}' "$md5" "$size" "$url" > "$image.job"
"$aws" iot create-job --job-id "$job" --targets "$arn" --document "file://$image.job" > "$image.out"`;

await runBench(
  {
    name: "fota publish, against a script of md5sum and three aws calls; start-up, against aws and bare Node.js",
    options: {
      sizes: { type: "string", default: "1,512", quick: "1,128" },
      server: { type: "string", default: "local" },
      address: { type: "string", default: "127.0.0.1" },
    },
    rounds: { full: 5, quick: 2 },
  },
  async ({ values, rounds, peer }) => {
    const folder = await mkdtemp(join(tmpdir(), "fota-bench-"));
    const server = await startServer(values.server, values.address);
    try {
      const setup = await prepare({ folder, server, aws: peer("aws", "awscli"), address: values.address });
      const rows = [];
      for (const size of values.sizes.split(",")) {
        rows.push(...(await benchPublish(setup, Number(size), rounds)));
      }
      return [...rows, ...(await benchStartUp(setup, rounds * START_UPS_PER_ROUND))];
    } finally {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
);

/** Makes what the commands need on the server. */
async function prepare({ folder, server, aws, address }) {
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  };
  const client = iotClient({ endpoint: server.endpoint, region: "us-east-1" });
  const { thingArn } = await client.askJson("POST", `/things/${THING}`, {});
  await client.ask("PUT", `/jobs/${JOB}`, { targets: [thingArn], document: "{}" });
  await client.ask("PUT", `/${BUCKET}`, undefined, "s3");
  client.close();
  return { folder, server, aws, env, thingArn, isLoopback: address.startsWith("127.") };
}

async function benchPublish(setup, sizeMib, rounds) {
  const { folder, server, aws, env, thingArn, isLoopback } = setup;
  const image = join(folder, `app-${sizeMib}.bin`);
  await writeRandom(image, sizeMib);
  // Devices refuse http URLs of other hosts; with a placeholder in their place the way is the same but for one fetch.
  const role = `arn:aws:iam::${thingArn.split(":")[4]}:role/bench`;
  const presign = isLoopback ? [] : ["--presign", "iot", "--role", role];
  const to = ["--slot", "1", "--to", THING, "--bucket", BUCKET, ...presign, "--json"];
  const onServer = async (pid, command, args) => {
    const { result, cpuMs } = await cpuMsDuring(pid, () => timeCommand(command, args, { env }));
    return { ...result, serverSeconds: cpuMs / 1000 };
  };
  const bare = fork(join(import.meta.dirname, "upload-server.mjs"), [join(folder, "uploaded")]);
  const [origin] = await once(bare, "message");
  const sides = {
    // A new prefix each time: what is there already would not be uploaded again.
    ours: (round) => {
      const publish = ["publish", image, ...to, "--prefix", `fota-${round}`];
      return onServer(server.pid, process.execPath, [FOTA, ...publish]);
    },
    peer:
      aws &&
      ((round) => {
        const args = [aws, image, BUCKET, `script-${sizeMib}-${round}`, thingArn];
        return onServer(server.pid, "sh", ["-c", SCRIPT, "script", ...args]);
      }),
    bare: () => onServer(bare.pid, "curl", ["-s", "-T", image, origin]),
  };
  try {
    for (const warmUp of Object.values(sides)) await warmUp?.(-1);
    return publishRows(`${sizeMib} MiB`, await inTurns(rounds, sides));
  } finally {
    bare.kill();
    await rm(image);
  }
}

/** The goals are those of `docs/` for an image of 1 MiB, and for larger ones. */
function publishRows(size, turns) {
  const timesOf = (key) => (side) => turns[side]?.map((turn) => turn[key]);
  const [wall, cpu, server] = ["seconds", "cpuSeconds", "serverSeconds"].map(timesOf);
  const atMost = size === "1 MiB" ? 1 / 4 : 1 / 1.5;
  const goal = { atMost: Number(atMost.toFixed(2)), of: "peer" };
  const row = (what, times, extra) => figureRow({ what: `${what}, ${size}`, unit: "s", ...times, ...extra });
  const peak = timesOf("peakRssMiB")("ours");
  return [
    row("wall time", { ours: wall("ours"), peer: wall("peer") }, { goal }),
    row("CPU of the client", { ours: cpu("ours"), peer: cpu("peer") }),
    row("CPU of the server", { ours: server("ours"), bare: server("bare") }),
    ...(turns.peer
      ? [row("CPU of the server for the script", { ours: server("peer"), bare: server("bare") })]
      : []),
    ...(peak.includes(undefined)
      ? []
      : [row("peak RSS of fota", { ours: peak }, { unit: "MiB", goal: { atMost: 200 } })]),
  ];
}

async function benchStartUp({ aws, env }, rounds) {
  const cpuSeconds = async (command, args) => (await timeCommand(command, args, { env })).cpuSeconds;
  const turns = await inTurns(rounds, {
    bare: () => cpuSeconds(process.execPath, ["-e", "0"]),
    version: () => cpuSeconds(process.execPath, [FOTA, "--version"]),
    status: () => cpuSeconds(process.execPath, [FOTA, "status", JOB, "--json"]),
    peer: aws && (() => cpuSeconds(aws, ["iot", "describe-job", "--job-id", JOB])),
  });
  const { bare, version, status, peer } = turns;
  const row = (what, ours, goal) => figureRow({ what, unit: "s", ours, peer, bare, goal });
  return [
    row("CPU of fota --version", version, { atMost: 1.5, of: "bare" }),
    row("CPU of fota status", status, { atMost: 1.6, of: "bare" }),
    row("CPU of fota status, against aws iot describe-job", status, { atMost: 0.25, of: "peer" }),
  ];
}

async function writeRandom(path, sizeMib) {
  const file = createWriteStream(path);
  for (let i = 0; i < sizeMib; i += 1) {
    if (!file.write(randomBytes(MIB))) await once(file, "drain");
  }
  file.end();
  await once(file, "finish");
}

/** A server in a process of its own, so that its work is not the client's. */
async function startServer(name, address) {
  if (name === "moto") return await startMoto(address);
  const child = fork(join(import.meta.dirname, "stand-in-process.mjs"), [JSON.stringify({ host: address })]);
  const [{ endpoint }] = await once(child, "message");
  const stop = async () => {
    child.send("stop");
    await once(child, "exit");
  };
  return { pid: child.pid, endpoint, stop };
}
