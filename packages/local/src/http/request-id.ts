import { randomUUID } from "node:crypto";

const COUNT_DIGITS = 12;
const start = randomUUID().slice(0, -COUNT_DIGITS);
let count = 0;

/**
 * Returns the id of the next request, a UUID as from AWS. Its last part counts, because a random one for each request takes
 * more time than all that finds its service.
 */
export function nextRequestId(): string {
  count += 1;
  return start + String(count).padStart(COUNT_DIGITS, "0");
}
