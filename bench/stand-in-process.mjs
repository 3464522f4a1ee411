// The stand-in in a process of its own, so that its memory can be told from the load's. Started with `fork`.
import { startLocal } from "../packages/local/dist/index.js";

const local = await startLocal();
process.on("message", async (message) => {
  if (message === "memory") {
    globalThis.gc?.(); // what the garbage of the moment holds is no part of a connection
    process.send?.({ rssBytes: process.memoryUsage().rss });
  } else {
    await local.stop();
    process.disconnect?.();
  }
});
process.send?.(local.info());
