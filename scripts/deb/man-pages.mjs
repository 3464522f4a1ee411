// Writes man pages from what --help shows.
import { spawnSync } from "node:child_process";
import { gzipSync } from "node:zlib";

const DATE = new Intl.DateTimeFormat("en-CA", { timeZone: "UTC" });

/**
 * Returns the man page of a program in section 1, compressed.
 * @param page `{ name, summary, sections, version, epochSeconds }`: `sections` are pairs of a heading and a text
 */
export function manPage({ name, summary, sections, version, epochSeconds }) {
  const date = DATE.format(epochSeconds * 1000);
  const parts = sections.map(([heading, text]) => `.SH ${heading}\n.nf\n${escaped(text)}\n.fi\n`);
  const head = `.TH ${name.toUpperCase()} 1 "${date}" "fota ${version}"\n.SH NAME\n${name} \\- ${summary}\n`;
  return gzipSync(`${head}${parts.join("")}`, { level: 9 });
}

/** Returns pairs of a heading and a help text: of the program itself, and of each command that its help lists. */
export function helpSections(program) {
  const overview = helpOf([program, "--help"]);
  const commands = [...overview.matchAll(/^ {2}([a-z][a-z-]*) {2,}/gm)].map(([, name]) => name);
  return [
    ["DESCRIPTION", overview],
    ...commands.map((name) => [name.toUpperCase(), helpOf([program, name, "--help"])]),
  ];
}

function helpOf(args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${args.join(" ")}: ${stderr}`);
  return stdout.trimEnd();
}

function escaped(text) {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replace(/^(?=[.'])/gm, "\\&");
}
