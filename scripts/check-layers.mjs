// Checks the layers of scripts/layers.json: a room, which is a folder or a file beside the folders, may import only
// from lower layers. `upward` counts the imports that still break this rule; the count may only shrink.
// docs/architecture.md shows the same layers: `--write` writes them there. An argument names another root, for the
// test.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const TABLE = "scripts/layers.json";
const PAGE = "docs/architecture.md";
const args = process.argv.slice(2);
const root = args.find((arg) => !arg.startsWith("--")) ?? fileURLToPath(new URL("..", import.meta.url));
const table = JSON.parse(readFileSync(join(root, TABLE), "utf8"));

const faults = Object.entries(table).flatMap(([base, plan]) => checkPackage(base, plan));
faults.push(...checkPage(args.includes("--write")));
for (const fault of faults) console.error(fault);
if (faults.length > 0) process.exitCode = 1;

function checkPackage(base, { layers, upward = {} }) {
  const layerOf = new Map(layers.flatMap(({ rooms }, layer) => rooms.map((room) => [room, layer])));
  const files = sourceFiles(base);
  const rooms = new Set(files.map(roomOf));
  const faults = [
    ...[...rooms]
      .filter((room) => !layerOf.has(room))
      .map((room) => `${base}/${room}: is in no layer; add it to ${TABLE}, above all that it imports`),
    ...[...layerOf.keys()]
      .filter((room) => !rooms.has(room))
      .map((room) => `${TABLE}: ${base}/${room} does not exist; take it out`),
  ];
  const found = new Map();
  for (const file of files) {
    for (const { line, target } of importsOf(base, file)) {
      const [from, to] = [roomOf(file), roomOf(target)];
      if (!rooms.has(to) || from === to || !layerOf.has(from) || !layerOf.has(to)) continue;
      if (layerOf.get(to) < layerOf.get(from)) continue;
      const arrow = `${from} -> ${to}`;
      const which = layerOf.get(to) === layerOf.get(from) ? "in the same layer" : "in a higher layer";
      const fault = `${base}/${file}:${line}: ${from} must not import ${target}, which is ${which}; move what both need to a lower room, or pass it in`;
      found.set(arrow, [...(found.get(arrow) ?? []), fault]);
    }
  }
  for (const [arrow, ofArrow] of found) {
    const allowed = upward[arrow] ?? 0;
    if (ofArrow.length <= allowed) continue;
    const known =
      allowed === 0 ? "" : ` (${TABLE} knows of ${allowed} from before, here are ${ofArrow.length})`;
    faults.push(...ofArrow.map((fault) => `${fault}${known}`));
  }
  for (const [arrow, allowed] of Object.entries(upward)) {
    const { length } = found.get(arrow) ?? [];
    if (length >= allowed) continue;
    const change = length === 0 ? "take it out" : `write ${length}`;
    faults.push(
      `${TABLE}: ${base} has ${length} imports "${arrow}" and no longer ${allowed}: ${change}, so that none comes back`,
    );
  }
  return faults;
}

/** Lists paths from `base`, without tests: a test may import anything. */
function sourceFiles(base) {
  return readdirSync(join(root, base), { recursive: true })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => /\.tsx?$/.test(file) && !/\.(test|d)\.tsx?$/.test(file))
    .sort();
}

function roomOf(file) {
  const folder = posix.dirname(file);
  return folder === "." ? file : folder;
}

/** Lists the relative imports of a file, including dynamic and type-only ones. */
function importsOf(base, file) {
  const text = readFileSync(join(root, base, file), "utf8");
  const pattern = /(?:\bfrom\s+|\bimport\(\s*|\bimport\s+)["'](\.[^"']+)["']/g;
  return [...text.matchAll(pattern)].map((match) => ({
    line: text.slice(0, match.index).split("\n").length,
    target: posix.join(posix.dirname(file), match[1]).replace(/\.js$/, ".ts"),
  }));
}

/** Compares the page with the table, or writes the table into it. */
function checkPage(write) {
  const path = join(root, PAGE);
  const page = existsSync(path) ? readFileSync(path, "utf8") : "";
  let written = page;
  const faults = [];
  for (const [base, { layers }] of Object.entries(table)) {
    const [start, end] = [`<!-- layers of ${base} -->`, "<!-- end of layers -->"];
    const from = written.indexOf(start);
    const to = written.indexOf(end, from);
    if (from < 0 || to < 0) {
      faults.push(`${PAGE}: does not show the layers of ${base}; add the lines ${start} and ${end}`);
      continue;
    }
    written = `${written.slice(0, from)}${start}\n${drawingOf(layers)}\n${written.slice(to)}`;
  }
  if (written === page) return faults;
  if (write) writeFileSync(path, written);
  else
    faults.push(`${PAGE}: shows other layers than ${TABLE}; run \`node scripts/check-layers.mjs --write\``);
  return faults;
}

/** Lists the highest layer first, which is where a reader starts. */
function drawingOf(layers) {
  const rows = layers.map(({ what, rooms }) => [rooms.map((room) => room.replace(/\.tsx?$/, "")), what]);
  const names = rows.map(([rooms]) => wrapped(rooms.join("  "), 60));
  const lines = rows.flatMap((_row, i) => {
    const at = rows.length - 1 - i;
    const [first, ...more] = names[at];
    return [
      `${String(at + 1).padStart(2)}  ${first.padEnd(62)}${rows[at][1]}`,
      ...more.map((text) => `    ${text}`),
    ];
  });
  return ["```", ...lines, "```"].join("\n");
}

function wrapped(text, width) {
  const lines = [""];
  for (const word of text.split(/ {2,}/)) {
    const line = lines.at(-1);
    if (line !== "" && line.length + 2 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line}  ${word}`;
  }
  return lines;
}
