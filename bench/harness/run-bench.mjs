// What all benchmarks have in common: options, the report, and what they say about the machine.
import { cpus, loadavg } from "node:os";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { findCommand } from "./command.mjs";
import { formatReports } from "./table.mjs";

const COMMON = {
  quick: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
};

/**
 * Runs a benchmark: parses the options, measures, and prints the rows as a table, or as JSON with `--json`. A file of
 * `bench/` that calls this is a benchmark; `npm run bench` finds it by that. `--help` prints the options and exits 0; a wrong
 * option exits 2.
 *
 * @param {object} bench
 * @param {string} bench.name what is compared with what, in one line
 * @param {Record<string, {type: "string" | "boolean", default: unknown, quick?: unknown}>} [bench.options] as for
 *   parseArgs; `quick` is the default with `--quick`, which must take less than 40 s on a free core
 * @param {{full: number, quick: number}} [bench.rounds] how often each side is measured unless `--rounds` is given
 * @param {string} [bench.positionals] what the usage shows for arguments without an option; without it, there may be none
 * @param {(run: {values: Record<string, any>, rounds: number, isQuick: boolean, positionals: string[],
 *   note(text: string): void, peer(command: string, debianPackage: string): string | undefined}) => Promise<object[]>}
 *   measure returns the rows, by `figureRow`. `note` prints to stderr. `peer` returns the path of a command; if there is
 *   none, the report names the package that it comes from
 */
export async function runBench(bench, measure) {
  const { name } = bench;
  const { values, positionals } = parse(bench);
  const missing = new Map();
  const peer = (command, debianPackage) => {
    const path = findCommand(command);
    if (path === undefined) missing.set(command, debianPackage);
    return path;
  };
  const load = [loadavg()[0]];
  const run = { values, positionals, rounds: Number(values.rounds), isQuick: values.quick, note, peer };
  const rows = await measure(run);
  load.push(loadavg()[0]);
  const { length: cores, 0: { model } = {} } = cpus();
  const machine = { node: process.version, cores, model, load };
  const report = { name, isQuick: values.quick, rounds: run.rounds, machine, missing: [...missing], rows };
  process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : `${formatReport(report)}\n`);
}

/** Returns what the report says about the machine and about peers that were not measured. */
export function formatSurroundings({ machine, missing }) {
  const { node, cores, model, load } = machine;
  const between = load.map((each) => each.toFixed(1)).join(" to ");
  const lines = missing.map(([command, debian]) => `not installed: ${command} (Debian: ${debian})`);
  return [`Node.js ${node}, ${cores} x ${model}, load ${between}`, ...lines].join("\n");
}

function formatReport(report) {
  const rounds = report.rounds === 1 ? "one round" : `medians of ${report.rounds} rounds`;
  return `${formatReports([{ ...report, name: `${report.name}: ${rounds}` }])}\n${formatSurroundings(report)}`;
}

function parse({ name, options = {}, rounds = { full: 5, quick: 3 }, positionals }) {
  const isQuick = process.argv.includes("--quick");
  const times = { type: "string", default: String(rounds.full), quick: String(rounds.quick) };
  const all = Object.entries({ ...COMMON, rounds: times, ...options });
  const config = all.map(([option, { type, default: full, quick = full }]) => [
    option,
    { type, default: isQuick ? quick : full },
  ]);
  const usage = formatUsage(all, positionals);
  try {
    const parsed = parseArgs({
      options: Object.fromEntries(config),
      allowPositionals: positionals !== undefined,
    });
    if (!parsed.values.help) return parsed;
  } catch (error) {
    note(`${error.message}\n${usage}`);
    process.exit(2);
  }
  process.stdout.write(`${name}\n${usage}\n`);
  process.exit(0);
}

/** Returns the options with their defaults, and the defaults that `--quick` changes. */
function formatUsage(options, positionals = "") {
  const [, script] = process.argv;
  const words = options.map(([option, { type, default: value }]) =>
    type === "boolean" ? `[--${option}]` : `[--${option} ${value || "<text>"}]`,
  );
  const line = ["usage: node", `bench/${basename(script)}`, ...words, positionals].join(" ").trimEnd();
  const changed = options.filter(([, { default: full, quick = full }]) => quick !== full);
  if (changed.length === 0) return line;
  return `${line}\nwith --quick: ${changed.map(([option, { quick }]) => `--${option} ${quick}`).join(" ")}`;
}

function note(text) {
  process.stderr.write(`${text}\n`);
}
