import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CAUSES, FotaError, isFotaError } from "@fota/shared";
import { transform } from "esbuild";
import { expect, test, vi } from "vitest";
import { docBlock } from "./doc-block.js";

const docs = join(import.meta.dirname, "../../../docs");

test.each(CAUSES)("the job document's page has %s", (cause) => {
  expect(readFileSync(join(docs, "job-document.md"), "utf8")).toContain(`\`${cause}\``);
});

test("the guide's loop tries again without a link, and ends on a wrong certificate or key", async () => {
  const block = await docBlock("device-guide.md", "ts");
  const [loop = ""] = /^async function connected\(.*?^}/ms.exec(block) ?? [];
  const { code } = await transform(loop, { loader: "ts" });
  const connectThing = vi
    .fn()
    .mockRejectedValueOnce(new FotaError("MQTT_UNREACHABLE", "no route"))
    .mockRejectedValueOnce(new FotaError("CONFIG_INVALID", "the private key is empty"));
  const ports = {
    connectThing,
    isFotaError,
    config: {},
    sleep: async () => {},
    console: { error: () => {} },
  };
  const connected = new Function(...Object.keys(ports), `${code}; return connected();`);
  await expect(connected(...Object.values(ports))).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  expect(connectThing).toHaveBeenCalledTimes(2);
});
