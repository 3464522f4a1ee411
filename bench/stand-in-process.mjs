// Runs the stand-in in its own process, so that its memory and its processor time can be measured separately. Started with
// `fork`, and the options of `startLocal` as JSON.
import { startLocal } from "../packages/local/dist/index.js";

const local = await startLocal(JSON.parse(process.argv[2] ?? "{}"));
process.on("message", async (message) => {
  if (message === "memory") {
    globalThis.gc?.(); // garbage must not count as the memory of connections
    process.send?.({ rssBytes: process.memoryUsage().rss });
  } else {
    await local.stop();
    process.disconnect?.();
  }
});
process.send?.(local.info());
