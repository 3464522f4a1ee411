import { FotaError } from "@fota/shared";
import type { Output } from "./output.js";

/**
 * Continues if the user agrees, with `--yes` or by an answer; without a terminal, `--yes` is required.
 * @throws {FotaError} DECLINED, INTERRUPTED
 */
export async function askFirst(output: Output, question: string, yes: boolean): Promise<void> {
  if (yes) return;
  if (!output.canAsk) {
    throw new FotaError(
      "DECLINED",
      "cannot ask for confirmation without a terminal, or where CI is set; nothing was changed",
      {
        hint: "use --yes to continue without asking",
      },
    );
  }
  if (await output.confirm(question)) return;
  throw new FotaError("DECLINED", "nothing was changed", { hint: "use --yes to continue without asking" });
}
