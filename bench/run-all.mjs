// Runs all benchmarks one after another in their quick form, and prints one table with the goals: `npm run bench`.
// A file beside this one is a benchmark if it calls `runBench`.
//   node bench/run-all.mjs [--build] [--full] [part of a name ...]
// A missed goal is no failure, as the machine decides that too; a benchmark that breaks is one: exit code 1.
import { spawn, spawnSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { formatSurroundings } from "./harness/run-bench.mjs";
import { formatReports } from "./harness/table.mjs";

const USAGE = `usage: node bench/run-all.mjs [--build] [--full] [part of a name ...]
--build runs \`npm run build\` before. Without --full, all benchmarks run in their quick form.`;

const { values, positionals } = parseArguments();
const wanted = await wantedFiles();
if (values.build) build();
const reports = [];
const startMs = performance.now();
for (const file of wanted) {
  const benchStartMs = performance.now();
  const report = await run(file);
  if (report !== undefined) reports.push({ ...report, name: `${file}: ${report.name}` });
  note(`${file}: ${report === undefined ? "broke" : "done"} after ${secondsSince(benchStartMs)} s`);
}
if (reports.length > 0) print(reports);

function parseArguments() {
  const flag = { type: "boolean", default: false };
  try {
    const parsed = parseArgs({ options: { build: flag, full: flag, help: flag }, allowPositionals: true });
    if (!parsed.values.help) return parsed;
  } catch (error) {
    note(`${error.message}\n${USAGE}`);
    process.exit(2);
  }
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}

/** Returns the benchmarks with one of the given parts in their names. Exits 2 if a part is in none. */
async function wantedFiles() {
  const files = await benchFiles();
  if (positionals.length === 0) return files;
  const unknown = positionals.filter((part) => !files.some((file) => file.includes(part)));
  if (unknown.length > 0) {
    const names = files.map((file) => `  ${basename(file, ".mjs")}`).join("\n");
    note(`no benchmark has ${unknown.join(" or ")} in its name; there are:\n${names}`);
    process.exit(2);
  }
  return files.filter((file) => positionals.some((part) => file.includes(part)));
}

async function benchFiles() {
  const files = (await readdir(import.meta.dirname)).filter((file) => file.endsWith(".mjs")).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(import.meta.dirname, file), "utf8")));
  return files.filter((_, index) => /^await runBench\(/m.test(texts[index]));
}

function build() {
  const options = { cwd: join(import.meta.dirname, ".."), stdio: "inherit" };
  const { status } = spawnSync("npm", ["run", "build"], options);
  if (status !== 0) process.exit(status ?? 1);
}

/** Returns the report of a benchmark; undefined if it broke. */
async function run(file) {
  const args = [join(import.meta.dirname, file), "--json", ...(values.full ? [] : ["--quick"])];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const stdout = (await child.stdout.setEncoding("utf8").toArray()).join("");
  if ((await ended) === 0) return JSON.parse(stdout);
  process.exitCode = 1;
  return undefined;
}

function print(all) {
  const missing = new Map(all.flatMap((report) => report.missing));
  const load = [all[0].machine.load[0], all.at(-1).machine.load.at(-1)];
  const machine = { ...all[0].machine, load };
  const met = all.flatMap(({ rows }) => rows).filter((row) => row.met !== undefined);
  process.stdout.write(
    `${formatReports(all)}\n\n${formatSurroundings({ machine, missing: [...missing] })}\n`,
  );
  process.stdout.write(
    `${met.filter((row) => row.met).length} of ${met.length} goals met; ${secondsSince(startMs)} s\n`,
  );
}

function secondsSince(ms) {
  return ((performance.now() - ms) / 1000).toFixed(0);
}

function note(text) {
  process.stderr.write(`${text}\n`);
}
