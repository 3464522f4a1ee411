// Publishing against the shell script that people write, and start-up against bare Node.js.
//   node bench/publish.mjs [--server local|moto] [--address 127.0.0.1] [--rounds 5] [--sizes 1,512]
// An address of this machine that is no loopback address (`hostname -I`) has large images go up in parts, as to S3.
// Both sides run in turns in the same minutes, on the same server and file, so that their ratio holds where single
// times do not. Needs the `aws` command; without it only the start-up of fota itself is measured.
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const MIB = 1024 * 1024;
const BUCKET = "fw-releases";
const FOTA = fileURLToPath(new URL("../packages/cli/dist/fota.cjs", import.meta.url));
const LOCAL = new URL("../packages/local/dist/index.js", import.meta.url).href;
const { values } = parseArgs({
  options: {
    server: { type: "string", default: "local" },
    address: { type: "string", default: "127.0.0.1" },
    rounds: { type: "string", default: "5" },
    sizes: { type: "string", default: "1,512" },
  },
});
const rounds = Number(values.rounds);
const sizesMib = values.sizes.split(",").map(Number);
const isLoopback = values.address.startsWith("127.");

/** Digest, upload, presign, create the job: what `fota publish` does, without its checks. */
const SCRIPT = `set -e
key="script/$3/app.bin"
md5=$(md5sum "$1" | cut -d' ' -f1)
size=$(stat -c %s "$1")
aws s3 cp --quiet "$1" "s3://$2/$key"
url=$(aws s3 presign "s3://$2/$key" --expires-in 604800)
arn=$(aws iot describe-thing --thing-name pump-1 --query thingArn --output text)
printf '{"operation":"fota","bc_idx":1,"bc_crc":"%s","bc_size":%s,"bc_url":"%s"}' "$md5" "$size" "$url" > "$1.job"
aws iot create-job --job-id "$3" --targets "$arn" --document "file://$1.job" > "$1.out"`;

const hasTime = spawnSync("/usr/bin/time", ["--version"]).status === 0;

const folder = await mkdtemp(join(tmpdir(), "fota-bench-"));
const server = await startServer(values.server, values.address);
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
try {
  const hasAws = spawnSync("aws", ["--version"]).status === 0;
  if (hasAws) {
    must("aws", ["s3", "mb", `s3://${BUCKET}`]);
    must("aws", ["iot", "create-thing", "--thing-name", "pump-1"]);
    for (const sizeMib of sizesMib) await benchPublish(sizeMib);
  } else {
    print("the aws command is not installed: no publish to compare with\n");
  }
  await benchStartUp(hasAws);
} finally {
  server.stop();
  await rm(folder, { recursive: true, force: true });
}

async function benchPublish(sizeMib) {
  const image = join(folder, `app-${sizeMib}.bin`);
  await writeRandom(image, sizeMib);
  const turns = { fota: [], script: [] };
  // Devices refuse http URLs of other hosts; with a placeholder in their place the way is the same but for one fetch.
  const role = `arn:aws:iam::${thingArn().split(":")[4]}:role/bench`;
  const presign = isLoopback ? [] : ["--presign", "iot", "--role", role];
  for (let round = 0; round <= rounds; round += 1) {
    // A new prefix each time: what is there already would not be uploaded again.
    const publish = [
      "publish",
      image,
      "--slot",
      "1",
      "--to",
      "pump-1",
      "--bucket",
      BUCKET,
      "--prefix",
      `fota-${round}`,
      ...presign,
    ];
    const fota = await timed(process.execPath, [FOTA, ...publish, "--json"]);
    const script = await timed("sh", ["-c", SCRIPT, "script", image, BUCKET, `script-${sizeMib}-${round}`]);
    if (round === 0) continue; // warms both up
    turns.fota.push(fota);
    turns.script.push(script);
  }
  print(`publish of ${sizeMib} MiB to ${server.name}, ${rounds} rounds`);
  compare("fota publish", turns.fota, "shell script", turns.script);
}

async function benchStartUp(hasAws) {
  const jobId = "fota-bench";
  if (hasAws) {
    must("aws", ["iot", "create-job", "--job-id", jobId, "--targets", thingArn(), "--document", "{}"]);
  }
  const turns = { node: [], version: [], status: [], describe: [] };
  for (let round = 0; round <= rounds * 4; round += 1) {
    const one = {
      node: await timed(process.execPath, ["-e", "0"]),
      version: await timed(process.execPath, [FOTA, "--version"]),
      ...(hasAws && {
        status: await timed(process.execPath, [FOTA, "status", jobId, "--json"]),
        describe: await timed("aws", ["iot", "describe-job", "--job-id", jobId]),
      }),
    };
    if (round > 0) for (const [name, turn] of Object.entries(one)) turns[name].push(turn);
  }
  print(`start-up, ${rounds * 4} rounds`);
  compare("fota --version", turns.version, "node -e 0", turns.node);
  if (!hasAws) return;
  compare("fota status", turns.status, "node -e 0", turns.node);
  compare("fota status", turns.status, "aws iot describe-job", turns.describe);
}

function thingArn() {
  const query = ["--query", "thingArn", "--output", "text"];
  return must("aws", ["iot", "describe-thing", "--thing-name", "pump-1", ...query]);
}

/** Prints both sides and their ratios, taken in pairs: times of one round met the same machine. */
function compare(name, turns, otherName, others) {
  for (const [label, list] of [
    [name, turns],
    [otherName, others],
  ]) {
    const seconds = list.map((turn) => turn.seconds);
    const range = `${Math.min(...seconds).toFixed(3)}-${Math.max(...seconds).toFixed(3)}`;
    const cpu = hasTime ? `, CPU ${medianOf(list, "cpuSeconds").toFixed(2)} s` : "";
    const memory = hasTime ? `, peak ${medianOf(list, "peakMib").toFixed(0)} MiB` : "";
    print(`  ${label.padEnd(22)} ${median(seconds).toFixed(3)} s [${range}]${cpu}${memory}`);
  }
  const kinds = hasTime ? { wall: "seconds", CPU: "cpuSeconds" } : { wall: "seconds" };
  const ratios = Object.entries(kinds).map(([kind, field]) => {
    const ratio = median(turns.map((turn, i) => turn[field] / others[i][field]));
    return `${kind} ${ratio.toFixed(2)} (${(1 / ratio).toFixed(1)} times as fast)`;
  });
  print(`  ${"ratio, in pairs".padEnd(22)} ${ratios.join(", ")}\n`);
}

/**
 * Wall time and, where GNU time is installed, CPU time and the largest resident set of the process and of those it waited
 * for.
 */
async function timed(command, args) {
  const usageFile = join(folder, "usage");
  const [program, programArgs] = hasTime
    ? ["/usr/bin/time", ["-o", usageFile, "-f", "%M %U %S", command, ...args]]
    : [command, args];
  const startNs = process.hrtime.bigint();
  const child = spawn(program, programArgs, { env, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (piece) => {
    said += piece;
  });
  const [code] = await once(child, "close");
  const seconds = Number(process.hrtime.bigint() - startNs) / 1e9;
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}: ${said}`);
  if (!hasTime) return { seconds };
  const [peakKib, user, system] = (await readFile(usageFile, "utf8")).trim().split(" ").map(Number);
  return { seconds, cpuSeconds: user + system, peakMib: peakKib / 1024 };
}

function print(line) {
  process.stdout.write(`${line}\n`);
}

function medianOf(turns, field) {
  return median(turns.map((turn) => turn[field]));
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

function must(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { env, encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr}`);
  return stdout.trim();
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
  if (name === "moto") {
    const port = await freePort();
    const child = spawn("python3", ["-m", "moto.server", "-H", address, "-p", String(port)], {
      stdio: "ignore",
    });
    const endpoint = `http://${address}:${port}`;
    while (
      !(await fetch(endpoint).then(
        () => true,
        () => false,
      ))
    )
      await sleep(100);
    return { name: `moto at ${address}`, endpoint, stop: () => child.kill() };
  }
  const start = `import { startLocal } from ${JSON.stringify(LOCAL)};
const local = await startLocal({ host: ${JSON.stringify(address)} });
process.stdout.write(local.endpoint + "\\n");
process.on("SIGTERM", () => local.stop());`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", start], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [endpoint] = await once(createInterface({ input: child.stdout }), "line");
  return { name: `the stand-in at ${address}`, endpoint, stop: () => child.kill() };
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}
