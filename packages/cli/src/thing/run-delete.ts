import { withIot } from "../connect/with-iot.js";
import type { Context } from "../context.js";
import { askFirst } from "../terminal/ask-first.js";
import { executeDelete, planDelete } from "./delete.js";
import { formatThingDeletion, questionOf } from "./format-delete.js";
import { checkThingName } from "./spec.js";

/** Options of `fota thing delete`, as commander names them. */
export interface ThingDeleteOptions {
  force?: boolean;
  yes?: boolean;
}

/** @throws {FotaError} TARGET_INVALID, THING_NOT_FOUND, JOB_NOT_ENDED, DECLINED, and translated AWS errors */
export async function runThingDelete(
  context: Context,
  name: string,
  { force = false, yes = false }: ThingDeleteOptions,
): Promise<void> {
  const { host, output } = context;
  checkThingName(name);
  await withIot(context, async (iot) => {
    const plan = await output.during(`reading thing ${name}`, () => planDelete(iot, name, force));
    await askFirst(output, questionOf(plan), yes);
    const outcome = await output.during(`deleting thing ${name}`, () =>
      executeDelete(iot, plan, host.signal),
    );
    output.result(outcome, formatThingDeletion(outcome, output.paint));
  });
}
