import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { History } from "./history.js";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "fota-history-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

test.each(["", "{", "[]", "\0\0\0"])(
  "a file with %j is reported, and the next result is noted",
  async (text) => {
    const path = join(dir, "fota-history.json");
    writeFileSync(path, text);
    const logged: string[] = [];
    const history = new History(path, (level, line) => void logged.push(`${level} ${line}`));
    expect(await history.load()).toEqual({ images: {} });
    await history.noteInstallResult({ status: "SUCCEEDED" });
    const { last } = await new History(path, () => {}).load();
    expect(last).toMatchObject({ status: "SUCCEEDED" });
    expect(logged).toEqual([
      expect.stringMatching(/^warn .*fota-history\.json is damaged: the running version/),
    ]);
  },
);
