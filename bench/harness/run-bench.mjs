// What all benchmarks have in common: options, the report, and what they say about the machine.
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { findCommand } from "./command.mjs";
import { formatReports } from "./table.mjs";

/**
 * Runs a benchmark: parses the options, measures, and prints the rows as a table, or as JSON with `--json`. A file of
 * `bench/` that calls this is a benchmark; `npm run bench` finds it by that.
 *
 * @param {object} bench
 * @param {string} bench.name what is compared with what, in one line
 * @param {Record<string, {type: "string" | "boolean", default: unknown, quick?: unknown}>} [bench.options] as for
 *   parseArgs; `quick` is the default with `--quick`, which must take less than 40 s
 * @param {{full: number, quick: number}} [bench.rounds] how often each side is measured unless `--rounds` is given
 * @param {(run: {values: Record<string, any>, rounds: number, isQuick: boolean, positionals: string[],
 *   note(text: string): void, peer(command: string, debianPackage: string): string | undefined}) => Promise<object[]>}
 *   measure returns the rows, by `figureRow`. `note` prints to stderr. `peer` returns the path of a command; if there is
 *   none, the report names the package that it comes from
 */
export async function runBench({ name, options = {}, rounds = { full: 5, quick: 3 } }, measure) {
  const { values, positionals } = parse(options, rounds);
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

function parse(options, rounds) {
  const common = { quick: { type: "boolean", default: false }, json: { type: "boolean", default: false } };
  const isQuick = process.argv.includes("--quick");
  const own = Object.entries(options).map(([name, { type, default: full, quick = full }]) => [
    name,
    { type, default: isQuick ? quick : full },
  ]);
  const times = { type: "string", default: String(isQuick ? rounds.quick : rounds.full) };
  return parseArgs({
    options: { ...common, rounds: times, ...Object.fromEntries(own) },
    allowPositionals: true,
  });
}

function note(text) {
  process.stderr.write(`${text}\n`);
}
