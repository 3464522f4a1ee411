import { hintOf } from "@fota/shared";
import { withIot } from "../connect/with-iot.js";
import type { Context } from "../context.js";
import { formatThing } from "./format-show.js";
import { showThing } from "./show.js";
import { checkThingName } from "./spec.js";

/** @throws {FotaError} TARGET_INVALID, THING_NOT_FOUND, and translated AWS errors */
export async function runShow(context: Context, name: string): Promise<void> {
  const { output } = context;
  checkThingName(name);
  await withIot(context, async (iot) => {
    const thing = await output.during(`reading thing ${name}`, () =>
      showThing(iot, name, (error) => {
        output.warn(`the connection is left out: ${error.message}`);
        const hint = hintOf(error);
        if (hint !== undefined) output.advise(hint);
      }),
    );
    output.result(thing, formatThing(thing, output, new Date()));
  });
}
