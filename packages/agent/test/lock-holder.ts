// A process for socket-lock.e2e.test.ts, bundled to one file. Takes the lock for each line that it reads, and prints the
// result.
import { createInterface } from "node:readline";
import { takeLock } from "../src/boot/socket-lock.js";

const [path = "", purpose = ""] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin });
lines.on("line", async () => {
  const lock = await takeLock(path, purpose);
  console.log(lock.kind === "impossible" ? `impossible: ${lock.why}` : lock.kind);
});
console.log("ready");
