import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { fota } from "./cli.js";

/** The modules that a command line loads, told by Node's own loader. */
async function loadedBy(args: readonly string[]): Promise<{ code: number | null; urls: string[] }> {
  const folder = await mkdtemp(join(tmpdir(), "fota-loads-"));
  try {
    const list = join(folder, "loaded");
    const load = [
      'import { appendFileSync } from "node:fs";',
      "export const load = (url, context, next) => {",
      `  appendFileSync(${JSON.stringify(list)}, url + "\\n");`,
      "  return next(url, context);",
      "};",
    ].join("\n");
    const hook = `import { register } from "node:module"; register(${JSON.stringify(moduleOf(load))});`;
    const ended = await fota(args, { NODE_OPTIONS: `--import=${moduleOf(hook)}` });
    return { code: ended.code, urls: (await readFile(list, "utf8")).trimEnd().split("\n") };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What only the AWS SDK, the spinner, the stand-in or an MQTT client have in their code. */
const FOREIGN = /aws4_request|X-Amz-|cli-spinners|connack/i;

function moduleOf(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

test.each([[["--version"]], [["--help"]], [["publish", "--help"]]])(
  "%j loads no AWS code, no spinner, no MQTT and no stand-in",
  async (args) => {
    const { code, urls } = await loadedBy(args);
    expect(code).toBe(0);
    const files = urls.filter((url) => url.startsWith(pathToFileURL("/").href));
    expect(files.length).toBeGreaterThan(1);
    const texts = await Promise.all(files.map((url) => readFile(new URL(url), "utf8")));
    expect(files.filter((_, i) => FOREIGN.test(texts[i] ?? ""))).toEqual([]);
  },
);
