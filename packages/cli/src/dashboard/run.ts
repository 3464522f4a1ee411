import { once } from "node:events";
import { resolve } from "node:path";
import { messageOf } from "@fota/shared";
import packageJson from "../../package.json" with { type: "json" };
import type { Context } from "../context.js";
import { EXIT, type ExitCode } from "../exit-code.js";
import { openAccount } from "./account.js";
import { createApp } from "./app.js";
import { createKeys } from "./keys.js";
import { openBrowser } from "./open-browser.js";
import { type DashboardOptions, parseListening } from "./options.js";
import type { DashboardInfo } from "./result.js";
import { startServer } from "./server.js";
import { createSources } from "./sources.js";
import { tokenInFile } from "./token-file.js";

/**
 * Runs the dashboard until the command is interrupted.
 * @throws {FotaError} USAGE, FILE_ACCESS, PORT_IN_USE, NO_REGION, NO_CREDENTIALS, and what `accessTo` throws
 */
export async function runDashboard(context: Context, options: DashboardOptions): Promise<ExitCode> {
  const { host, output } = context;
  const listening = parseListening(options);
  const { tokenFile } = options;
  const token =
    tokenFile === undefined ? undefined : await tokenInFile(resolve(host.cwd, tokenFile), tokenFile);
  const account = await openAccount(context);
  const keys = createKeys(token);
  const onBug = (error: unknown) => {
    if (!host.signal.aborted)
      output.warn(`a page failed: ${error instanceof Error ? error.stack : String(error)}`);
  };
  const app = createApp({
    sources: createSources(context, account),
    account,
    fota: output.fota,
    fotaVersion: packageJson.version,
    onBug,
  });
  const server = await startServer({ ...listening, keys, answer: app.answer, onBug });
  try {
    const info: DashboardInfo = { url: `${server.origin}/?token=${keys.token}` };
    const { paint } = output;
    output.line(
      info,
      [
        `${paint("green", "✔")} ${paint("bold", "fota dashboard")} shows ${account.name}`,
        `\n  ${paint("cyan", info.url)}`,
        `\n${paint("dim", "the URL opens it without a password, so keep it secret; Ctrl-C stops it")}`,
      ].join("\n"),
    );
    if (options.open === true) {
      const url = `${server.origin}/?token=${keys.issueTicket()}`;
      await openBrowser(url).catch((error: unknown) =>
        output.warn(`the browser cannot be opened (${messageOf(error)}): open the URL above`),
      );
    }
    if (!host.signal.aborted) await once(host.signal, "abort");
  } finally {
    app.stop("the dashboard has stopped: run `fota dashboard` again");
    await server.close();
    account.close();
  }
  output.note("stopped");
  return EXIT.done;
}
