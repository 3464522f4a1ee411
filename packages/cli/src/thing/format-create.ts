import { isAbsolute, relative } from "node:path";
import { type PublishNeeds, publishCommand } from "../image/publish-command.js";
import { formatTime, oneLine } from "../terminal/format.js";
import type { Output } from "../terminal/output.js";
import { KEY_FILE } from "./folder.js";
import type { ThingCreation } from "./result.js";

const LABELS = {
  key: "key",
  thing: "thing",
  attributes: "attributes",
  group: "membership in group",
  certificate: "certificate",
  attachment: "attachment to thing",
  policy: "attachment of policy",
  ca: "root CA",
  config: "settings",
} as const;
const VERB_WIDTH = "created".length;

export function formatCreation(
  made: ThingCreation,
  { paint, fota }: Pick<Output, "paint" | "fota">,
  { cwd, publish }: { cwd: string; publish: PublishNeeds },
): string {
  const { thingName, steps, dryRun, endpoint, expiresAt, files } = made;
  const shown = (path: string) => {
    const way = relative(cwd, path);
    return way.startsWith("..") || way === "" ? path : way;
  };
  const isNew = steps.some(({ state }) => state !== "kept");
  const state = dryRun
    ? "checked, nothing was changed"
    : isNew
      ? "ready"
      : "ready: everything existed already";
  const head = `${paint("green", "✔")} thing ${paint("bold", thingName)} is ${state}`;
  const lines = steps.map(({ what, name, state }) => {
    const text = isAbsolute(name) ? shown(name) : name;
    const verb = state.padEnd(VERB_WIDTH);
    return `  ${state === "kept" ? paint("dim", verb) : verb}  ${LABELS[what]} ${oneLine(text)}`;
  });
  const facts = [
    `the device connects to ${endpoint}`,
    ...(expiresAt === undefined ? [] : [`its certificate expires ${formatTime(expiresAt)}`]),
    `copy the files in ${shown(made.dir)} to the device, for fota-agent to /etc/fota${files.key === undefined ? "" : `; ${KEY_FILE} is secret`}`,
  ];
  const next = dryRun ? [] : ["", `next: ${paint("cyan", fota(...publishCommand([thingName], publish)))}`];
  return [head, ...lines, "", ...facts, ...next].join("\n");
}
