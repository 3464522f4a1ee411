import { formatSkew, isSkewed } from "../aws/clock.js";
import type { Cloud } from "../aws/cloud.js";
import type { Context } from "../context.js";
import { type PublishNeeds, publishNeeds } from "../image/publish-command.js";
import { fillPublishNeeds } from "../job/publish-needs.js";
import { wallClockMs } from "../wall-clock.js";
import { explain } from "./explain.js";
import type { Facts } from "./facts.js";
import type { Explanation } from "./result.js";
import { sayAt } from "./say.js";

/**
 * Explains facts that were read just now, with commands that work in this context. Warns if this machine's clock is
 * wrong: the explanation goes by the clock of AWS.
 * @param absolute asks for absolute UTC times, not relative ones
 */
export function answer(
  context: Context,
  { access, s3 }: Cloud,
  facts: Facts,
  { thing, absolute }: { thing: string | undefined; absolute: boolean },
): Explanation {
  const { output } = context;
  const ahead = access.clock.aheadSeconds();
  const skewed = isSkewed(ahead);
  const now = new Date(wallClockMs() - (skewed ? ahead * 1000 : 0));
  const clock = skewed ? formatSkew(ahead, { of: "AWS's" }) : undefined;
  if (clock !== undefined) output.warn(`${clock}; what follows goes by the clock of AWS`);
  const publish = publishNeedsOf(facts, context, s3.endpoint);
  return explain(facts, thing, sayAt(now, { absolute, fota: output.fota, access, clock, publish }));
}

/** Returns what a suggested `fota publish` must name. */
export function publishNeedsOf(
  { decoded }: Pick<Facts, "decoded">,
  { settings, host }: Pick<Context, "settings" | "host">,
  s3Endpoint: string | undefined,
): PublishNeeds {
  const needs = publishNeeds({ file: settings.file, env: host.env });
  return decoded.kind === "order" ? fillPublishNeeds(needs, decoded.document, s3Endpoint) : needs;
}
