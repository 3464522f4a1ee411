/** Holds the plan of docs/architecture.md: what stands higher imports what stands lower, never the other way round. */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { expect, test } from "vitest";

const SOURCE = join(import.meta.dirname, "..", "src");

/** The rooms of `src`, the lowest first. A file that stands in `src` itself is a room of its own. */
const LAYERS = [
  [
    "account.ts",
    "clock.ts",
    "closers.ts",
    "errors.ts",
    "glob.ts",
    "listening.ts",
    "log.ts",
    "peer.ts",
    "topics.ts",
  ],
  ["certificates", "folder", "journal", "sigv4", "movable-clock.ts"],
  ["http"],
  ["rest"],
  ["registry"],
  ["jobs"],
  ["engine", "policies", "faults"],
  ["mqtt", "s3"],
  ["services/iot"],
  ["services"],
  ["assembly"],
  ["local.ts"],
  ["index.ts"],
];

function listSources(): string[] {
  return readdirSync(SOURCE, { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts"));
}

function roomOf(file: string): string {
  return file.includes("/") ? posix.dirname(file) : file;
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(SOURCE, file), "utf8");
  const specifiers = [...text.matchAll(/(?:from |import\()"(\.[^"]+)\.js"/g)].map(([, path]) => `${path}.ts`);
  return specifiers.map((path) => posix.normalize(posix.join(posix.dirname(file), path)));
}

test("every room imports only from rooms below it", () => {
  const heights = new Map(LAYERS.flatMap((rooms, height) => rooms.map((room) => [room, height] as const)));
  const heightOf = (file: string) => heights.get(roomOf(file)) ?? Number.NaN;
  const files = listSources();
  const wrong = files.flatMap((file) =>
    importsOf(file)
      .filter((target) => roomOf(target) !== roomOf(file) && !(heightOf(target) < heightOf(file)))
      .map((target) => `${file} -> ${target}`),
  );
  expect(files.length).toBeGreaterThan(150);
  expect(wrong).toEqual([]);
});
