import { causeName } from "../causes/cause-table.js";
import { reportedValue } from "../causes/reported-value.js";

/** Holds the cause of a failure as the thing reported it. */
export interface ReportedCause {
  reason?: string | null | undefined;
  phase?: string | undefined;
  detail?: string | undefined;
  expected?: string | undefined;
  actual?: string | undefined;
}

/** A longer value is a digest, which tells a reader nothing; `--thing` shows it. */
const VALUE_MAX_LENGTH = 40;

/** Formats the whole cause as one line: `wrong-model: the image is for another model (expected v2, actual v1)`. */
export function causeText({ reason, phase, detail, expected, actual }: ReportedCause): string {
  const unnamed = phase === undefined ? "no cause given" : `while ${phase}`;
  const name = reason == null ? unnamed : causeName(reason);
  const text = detail === undefined ? name : `${name}: ${detail}`;
  const values = [
    ["expected", expected],
    ["actual", actual],
  ].flatMap(([name, value]) =>
    value === undefined || value.length > VALUE_MAX_LENGTH ? [] : [`${name} ${reportedValue(reason, value)}`],
  );
  return values.length === 0 ? text : `${text} (${values.join(", ")})`;
}
