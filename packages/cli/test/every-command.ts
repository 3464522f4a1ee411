import type { Host } from "../src/host.js";
import { createProgram } from "../src/program.js";

/** Names that a command line needs; the table below does not care where they come from. */
export interface Names {
  /** A job with a thing that failed, and its things. */
  ended: string;
  thing: string;
  /** One that goes on. */
  running: string;
  bucket: string;
  term?: string;
  columns?: number;
}

export interface CommandLine {
  args: string[];
  /** What it says when it is at work and goes on until it is stopped. */
  runsUntilStopped?: string;
}

const FREE_PORTS = ["--port", "0", "--https-port", "0", "--mqtt-port", "0", "--mqtts-port", "0"];

/** Command lines of every command, in each of its forms that looks different; without what reaches AWS. */
export function commandLines({ ended, running, thing, bucket, term, columns }: Names): CommandLine[] {
  // The cursor is hidden for a picture, also for one that has no room; a dumb terminal gets lines.
  const drawing = term === "dumb" ? "queued" : "\x1b[?25l";
  // A spinner needs room.
  const spinning = columns === 1 ? "queued" : drawing;
  const publish = ["publish", "app.bin", "--slot", "1", "--bucket", bucket];
  const lines: string[][] = [
    [],
    ["help"],
    ["help", "publish"],
    ["nonsense"],
    ["init", "--bucket", bucket, "--presign", "cli", "--yes"],
    ["init", "--bucket", bucket, "--print", "cloudformation"],
    ["doctor", "--bucket", bucket],
    ["doctor", "--json", "--bucket", bucket],
    [...publish, "--to", thing, "--dry-run"],
    [...publish, "--to", thing, "--dry-run", "--json"],
    [...publish, "--to", "pump-8", "--yes"],
    ["rehearse", "app.bin", "--things", "20", "--abort-on", "failed>10% after 20"],
    ["rehearse", "app.bin", "--things", "20", "--json"],
    ["delta", "make", "app.bin", "--out", "app.patch"],
    ["delta", "info", "app.patch"],
    ["delta", "info", "app.patch", "--json"],
    ["delta", "apply", "app.patch", "--out", "app.copy"],
    ["rollout", "plan.json", "--dry-run"],
    ["rollout", "plan.json", "--once", "--yes"],
    ["rollout", "plan.json", "--status"],
    ["rollout", "plan.json", "--status", "--json"],
    ["status"],
    ["status", ended],
    ["status", ended, "--things"],
    ["status", ended, "--failed"],
    ["status", ended, "--things", "--csv"],
    ["status", ended, "--things", "--json"],
    ["status", ended, "--thing", thing],
    ["status", ended, "--watch"],
    ["status", ended, "--wait"],
    ["list"],
    ["list", "--counts"],
    ["list", "--csv"],
    ["list", "--json"],
    ["list", "--target", thing],
    ["show", ended],
    ["show", ended, "--json"],
    ["show", ended, "--document"],
    ["why", ended],
    ["why", ended, "--thing", thing],
    ["why", ended, "--json"],
    ["fleet"],
    ["fleet", "--by", "group"],
    ["fleet", "--things"],
    ["fleet", "--csv"],
    ["fleet", "--json"],
    ["fleet", thing],
    ["fleet", "--index", "--dry-run"],
    ["report", ended, "--out", "report.html"],
    ["report", running, "--csv", "--json"],
    ["cancel", running], // asks
    ["cancel", running, "--json"],
    ["retry", ended, "--dry-run"],
    ["promote", ended, "--to", "pump-8", "--dry-run"],
    ["delete", ended], // asks
    ["delete", running, "--yes"],
    ["thing"],
    ["thing", "create", "pump-new", "--out", "pump-new", "--dry-run"],
    ["thing", "create", thing, "--out", "pump-new", "--dry-run", "--json"],
    ["thing", "show", thing],
    ["thing", "show", thing, "--json"],
    ["thing", "delete", "pump-9"], // asks
    ["keygen", "signing.pem", "--no-passphrase"],
    ["keygen", "signing.pem", "--no-passphrase"], // is there already
    ["sign", "job.json", "--sign", "signing.pem", "--any-model"],
    ["sign", "none.json", "--sign", "signing.pem"],
    ["verify", "none.json", "--key", "signing.pem.pub"],
    ["verify", ended, "--key", "signing.pem.pub"],
    ["completion", "zsh"],
    ["complete", "--", "status", ""],
  ];
  return [
    ...lines.map((args) => ({ args })),
    { args: ["local", ...FREE_PORTS], runsUntilStopped: "is ready" },
    { args: ["dashboard"], runsUntilStopped: "Ctrl-C stops it" },
    { args: ["device", "--thing", "pump-9"], runsUntilStopped: "connected" },
    { args: ["status", running, "--watch"], runsUntilStopped: drawing },
    { args: ["status", running, "--wait"], runsUntilStopped: spinning },
  ];
}

/** Names of all commands, so that a test notices one that has no line. */
export function commandNames(): string[] {
  const host = { env: {}, stdout: { columns: 80, write: () => true } } as unknown as Host;
  const program = createProgram(
    async () => Promise.reject(new Error("not run")),
    host,
    () => {},
  );
  return program.commands.map((command) => command.name());
}

export function reachesAws([name = "help"]: readonly string[]): boolean {
  return !["rehearse", "keygen", "sign", "local", "completion", "complete", "help", "nonsense"].includes(
    name,
  );
}
