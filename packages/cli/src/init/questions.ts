import { FotaError, isFotaError } from "@fota/shared";
import type { Output } from "../terminal/output.js";

const SHOWN_MAX = 20;
const DEFAULT_ROLE = "fota-presign";

/** Asks for the region. @throws {FotaError} NO_REGION without a terminal */
export async function askRegion(output: Output, why: FotaError): Promise<string> {
  if (!output.canAsk) throw why;
  return await untilAnswered(output, "AWS region, such as eu-west-1:");
}

/** Asks for the bucket. @throws {FotaError} USAGE without a terminal */
export async function askBucket(
  output: Output,
  region: string,
  list: () => Promise<string[]>,
): Promise<string> {
  if (!output.canAsk) {
    throw new FotaError("USAGE", "no bucket is given, and stdin is not a terminal to ask on", {
      hint: "give --bucket, or set FOTA_BUCKET; with --yes, fota creates it if it does not exist",
    });
  }
  const names = await list().catch((error: unknown) => {
    if (isFotaError(error, "INTERRUPTED")) throw error;
    return []; // a user who may not list buckets can still name one
  });
  if (names.length === 0) return await untilAnswered(output, "bucket (created if it does not exist):");
  const shown = names.slice(0, SHOWN_MAX).map((name, i) => `  ${String(i + 1).padStart(2)}  ${name}`);
  const more = names.length > SHOWN_MAX ? [`      and ${names.length - SHOWN_MAX} more`] : [];
  output.note([`buckets in ${region}:`, ...shown, ...more].join("\n"));
  const answer = await untilAnswered(output, "bucket, by number or name (created if it does not exist):");
  return names[Number(answer) - 1] ?? answer;
}

/** Asks who presigns; returns cli without a terminal. */
export async function askPresign(
  output: Output,
  credentialsExpireAt: Date | undefined,
): Promise<"cli" | "iot"> {
  const usual = credentialsExpireAt === undefined ? "cli" : "iot";
  if (!output.canAsk) return "cli";
  output.note(
    [
      "who presigns the URLs that devices download from?",
      "  cli  fota, once: works up to 7 days, and never longer than your credentials",
      "  iot  AWS IoT, whenever a device asks, as a role: for fleets, slow rollouts",
    ].join("\n"),
  );
  for (;;) {
    const answer = (await output.ask(`cli or iot [${usual}]:`)) || usual;
    if (answer === "cli" || answer === "iot") return answer;
  }
}

/** Asks for the role. @throws {FotaError} USAGE without a terminal */
export async function askRole(output: Output): Promise<string> {
  if (!output.canAsk) {
    throw new FotaError("USAGE", "--presign iot needs --role, and stdin is not a terminal to ask on", {
      hint: "give its name or ARN; with --yes, fota creates it if it does not exist",
    });
  }
  return (
    (await output.ask(`role that AWS IoT takes on (created if it does not exist) [${DEFAULT_ROLE}]:`)) ||
    DEFAULT_ROLE
  );
}

/** Asks, on a terminal, whether one image runs from every slot. */
export async function askSlots(output: Output): Promise<"any" | "one"> {
  output.note(
    [
      "which slots can an image run from?",
      "  any  every slot: programs under fota-boot, file systems under U-Boot",
      "  one  the slot that it is linked for: each publish names it",
    ].join("\n"),
  );
  for (;;) {
    const answer = (await output.ask("any or one [one]:")) || "one";
    if (answer === "any" || answer === "one") return answer;
  }
}

async function untilAnswered(output: Output, question: string): Promise<string> {
  for (;;) {
    const answer = await output.ask(question);
    if (answer !== "") return answer;
  }
}
