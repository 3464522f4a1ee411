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

/** Asks who presigns; returns cli if it cannot ask, or if `yes` means that it must not. */
export async function askPresign(
  output: Output,
  credentialsExpireAt: Date | undefined,
  yes: boolean,
): Promise<"cli" | "iot"> {
  const usual = credentialsExpireAt === undefined ? "cli" : "iot";
  if (yes || !output.canAsk) return "cli";
  output.note(
    [
      "who presigns the URLs that devices download from?",
      "  cli  fota, once: valid for up to 7 days, and no longer than your credentials",
      "  iot  AWS IoT, with a role, when a device asks: for fleets and slow rollouts",
    ].join("\n"),
  );
  return await askChoice(output, ["cli", "iot"], usual);
}

/** Asks for the role. @throws {FotaError} USAGE without a terminal */
export async function askRole(output: Output): Promise<string> {
  if (!output.canAsk) {
    throw new FotaError("USAGE", "--presign iot needs --role, and stdin is not a terminal to ask on", {
      hint: "give its name or ARN; with --yes, fota creates it if it does not exist",
    });
  }
  return (
    (await output.ask(
      `role that AWS IoT assumes to presign (created if it does not exist) [${DEFAULT_ROLE}]:`,
    )) || DEFAULT_ROLE
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
  return await askChoice(output, ["any", "one"], "one");
}

/** Asks until the answer is one of `choices`; Enter selects `usual`. */
async function askChoice<Choice extends string>(
  output: Output,
  choices: readonly [Choice, Choice],
  usual: Choice,
): Promise<Choice> {
  const either = choices.join(" or ");
  for (;;) {
    const answer = (await output.ask(`${either} [${usual}]:`)) || usual;
    const choice = choices.find((each) => each === answer);
    if (choice !== undefined) return choice;
    output.note(`type ${either}, or press Enter for ${usual}`);
  }
}

async function untilAnswered(output: Output, question: string): Promise<string> {
  for (;;) {
    const answer = await output.ask(question);
    if (answer !== "") return answer;
  }
}
