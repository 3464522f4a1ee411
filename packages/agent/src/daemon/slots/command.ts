import * as v from "valibot";
import { commandSlots } from "../../node/command-slots.js";
import { described, may, OBJECT, seconds, texts } from "../fields/field.js";
import { kind, type OpenedSlots, type SlotsAdapter } from "./adapter.js";

const schema = v.strictObject(
  {
    type: kind("command"),
    command: described(
      texts("must be a list of a command and its arguments"),
      "executable that implements docs/command-slots.md, and its first arguments",
    ),
    timeoutSeconds: may(seconds, "limit on each call (default: 120)"),
  },
  OBJECT,
);

/** Slots that an executable of the device implements (docs/command-slots.md). */
export const commandAdapter: SlotsAdapter<typeof schema> = {
  schema,
  tools: ({ command }) => command.slice(0, 1),
  open: openCommandSlots,
  show: openCommandSlots, // runs only `describe` and `read` of the executable
};

async function openCommandSlots({
  command,
  timeoutSeconds,
}: v.InferOutput<typeof schema>): Promise<OpenedSlots> {
  const timeout = timeoutSeconds === undefined ? {} : { timeoutMs: timeoutSeconds * 1000 };
  return { slots: await commandSlots({ command, ...timeout }) };
}
