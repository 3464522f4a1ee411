import { namesOf } from "./format.js";
import type { Order } from "./order.js";
import { isOpen, type Reach } from "./reach.js";
import { abortRuleText } from "./rollout.js";

/** What was asked for, AWS takes, and never comes to anything. */
export function vainOptions(order: Order, { things, unknown }: Reach): string[] {
  const warnings: string[] = [];
  const open = isOpen(order);
  if (order.continuous && !open && order.schedule.windows.length === 0) {
    const instead = order.schedule.end === undefined ? ", but the job never completes" : "";
    warnings.push(
      `--continuous adds nothing: nothing can join ${namesOf(order.targets).join(", ")} later${instead}`,
    );
  }
  if (open || unknown !== undefined) return warnings;
  const count = things.length === 1 ? "1 thing" : `${things.length} things`;
  for (const rule of order.rollout.abortOn) {
    if (rule.minThings <= things.length) continue;
    warnings.push(`--abort-on "${abortRuleText(rule)}" never cancels the job: it has ${count}`);
  }
  return warnings;
}
