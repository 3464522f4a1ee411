// Runs the processes of the demo: Node.js programs whose lines are kept, and which stop when the demo ends.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const STOP_GRACE_MS = 3_000;
const started = new Set();
let stopping;

/** Is true when the demo is ending: what its processes print then does not matter. */
export function isStopping() {
  return stopping !== undefined;
}

/**
 * Starts a Node.js program and keeps its lines. With `inherit` it uses the demo's terminal instead. `line` resolves
 * with the first line, printed already or later, that `matches`; it rejects if the program ends without one.
 */
export function start(name, program, args, { env = {}, cwd, inherit = false } = {}) {
  if (isStopping()) throw new Error("interrupted");
  const child = spawn(process.execPath, [program, ...args], {
    stdio: inherit ? "inherit" : ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
    cwd,
  });
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
      for (const waiter of waiting) if (waiter.matches(line)) waiter.resolve(line);
    });
  }
  const line = (matches) =>
    new Promise((resolveLine, reject) => {
      const seen = lines.find(matches);
      if (seen !== undefined) return resolveLine(seen);
      waiting.add({ matches, resolve: resolveLine, reject });
    });
  return { name, lines, line, exited };
}

/** Runs a Node.js program and waits until it exits; resolves with its lines. @throws when the program fails */
export async function run(name, program, args, options) {
  const { lines, exited } = start(name, program, args, options);
  const code = await exited;
  if (code !== 0) throw new Error(`${name} ended with exit code ${code}: ${lines.slice(-3).join(" | ")}`);
  return lines;
}

/** Stops everything that was started. A second call does not wait. */
export async function stopAll() {
  if (isStopping()) for (const child of started) child.kill("SIGKILL");
  stopping ??= stop();
  await stopping;
}

async function stop() {
  const gone = [...started].map((child) => new Promise((done) => child.once("close", done)));
  for (const child of started) child.kill("SIGTERM");
  const timer = setTimeout(() => {
    for (const child of started) child.kill("SIGKILL");
  }, STOP_GRACE_MS);
  await Promise.all(gone);
  clearTimeout(timer);
}
