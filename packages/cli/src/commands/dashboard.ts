import { Command } from "commander";
import type { ContextOf } from "../context.js";
import type { DashboardOptions } from "../dashboard/options.js";
import type { ExitCode } from "../exit-code.js";
import { helpText } from "../help/layout.js";

const HELP = `
The pages show the jobs in progress and those that ended in the last 24 hours,
what the fleet runs, each job and each thing. They follow changes by themselves.
The dashboard is read-only. It reads from AWS only while a page is open or
/metrics is scraped, at half of AWS's request rate at most.

Only this machine reaches it, and only with the token in the URL. Prometheus reads
/metrics with the same token. docs/dashboard.md has the metrics, a scrape
configuration and a dashboard for Grafana.

When it is ready, --json prints one line: {url}. Ctrl-C and SIGTERM stop it.

Examples:
  $ fota dashboard --open
  $ fota dashboard --local
  $ fota dashboard --port 8321 --token-file /etc/prometheus/fota-token`;

export function dashboardCommand(contextOf: ContextOf, exitWith: (code: ExitCode) => void): Command {
  return new Command("dashboard")
    .summary("show jobs and fleet as live pages in a browser")
    .description("Show jobs, fleet and things as live pages in a browser on this machine.")
    .option("--host <address>", "address of this machine to listen on, such as ::1", "127.0.0.1")
    .option("--port <number>", "port to listen on; 0 takes a free one", "0")
    .option("--open", "open the page in the browser")
    .option("--token-file <file>", "keep the token in this file; without it, each run has its own")
    .addHelpText("after", helpText(HELP))
    .action(async (options: DashboardOptions, command: Command) => {
      const { runDashboard } = await import("../dashboard/run.js");
      exitWith(await runDashboard(await contextOf(command), options));
    });
}
