import type { LocalInfo } from "@fota/local";
import { commandLine } from "@fota/shared";
import { formatRows } from "../terminal/format.js";
import type { Paint } from "../terminal/paint.js";

/** Formats where the stand-in listens, and what to type next in another terminal. */
export function formatInfo(
  info: LocalInfo,
  { thing, bucket }: { thing?: string[]; bucket?: string[] },
  paint: Paint,
): string {
  const { endpoint, region } = info;
  const rows = formatRows(
    [
      ["AWS API", `${endpoint}  ${info.https}`],
      ["MQTT", `${info.mqtt}  ${info.mqtts}`],
      ["CA", info.ca],
      ["state", info.dir ?? "discarded on exit (--dir keeps it)"],
    ],
    (label) => paint("dim", label),
  );
  const isDefault = endpoint === "http://127.0.0.1:4566";
  const where = isDefault ? ["--local"] : ["--local", "--endpoint-url", endpoint];
  const name = thing?.[0] ?? "demo-1";
  const to = ["--slot", "any", "--to", name, "--bucket", bucket?.[0] ?? "firmware"];
  const commands = [
    commandLine(["device", ...where, "--thing", name]),
    commandLine(["publish", "app.bin", ...to, ...where]),
  ];
  const exports = [
    `export AWS_ENDPOINT_URL=${endpoint} AWS_REGION=${region} AWS_DEFAULT_REGION=${region}`,
    "export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test",
  ];
  const indented = (lines: string[]) => lines.map((line) => `  ${paint("cyan", line)}`).join("\n");
  return [
    `${paint("green", "✔")} ${paint("bold", "fota local")} is ready: AWS IoT and S3 on this machine`,
    `\n${rows}`,
    `\nin another terminal:\n${indented(commands)}`,
    `\nfor the aws command and other tools:\n${indented(exports)}`,
    `\n${paint("dim", "Ctrl-C stops it")}`,
  ].join("\n");
}
