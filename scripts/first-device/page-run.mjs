// Runs the commands of docs/first-device.md where the page says, and compares what it shows with what comes. These are
// the only differences:
// - `npm install --global fota` is not run, because the test of the packages does that: the command is this repository's;
// - `scp` copies into the folder of the device;
// - the stand-in has another address, and free ports.
import { copyFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { commandsOf, compare, holds, perform, readBlocks } from "../getting-started/page.mjs";
import { setUpComputer } from "./computer.mjs";

const PAGE = "docs/first-device.md";
const INSTALL_FOTA = "npm install --global fota";
/** Heading of the part that is not for this device. */
const OTHER_DEVICES = "The system itself as the image";

/** Returns the headings of the page with their blocks. */
export function readSections() {
  const sections = new Map();
  for (const block of readBlocks(PAGE)) {
    if (block.heading !== OTHER_DEVICES)
      sections.set(block.heading, [...(sections.get(block.heading) ?? []), block]);
  }
  return sections;
}

/**
 * Opens the computer that works with a device, with the package in its folder.
 * @returns `{ follow(blocks), stop() }`
 */
export function openPage(folder, device, debianPackage) {
  const computer = setUpComputer(folder, device);
  copyFileSync(debianPackage, join(computer.folder, basename(debianPackage)));
  const last = {};
  const follow = async (blocks) => {
    for (const { kind, text, place = "computer", file } of blocks) {
      if (file !== undefined) writeFileSync(join(computer.folder, file), text);
      else if (kind === "text") compare(text, last[place]);
      else if (place === "second terminal") await startStandIn(computer, text);
      else last[place] = await performAll(text, place === "on the device" ? device.shell : computer.shell);
    }
  };
  return { follow, stop: () => computer.stop() };
}

async function startStandIn(computer, text) {
  const terminal = computer.openSecond(text);
  const ready = "Ctrl-C stops it";
  const output = await terminal.outputUntil((output) => holds(ready, output));
  compare(ready, output);
}

/** Runs commands. Returns what they print. */
async function performAll(text, shell) {
  const outputs = [];
  for (const command of commandsOf(text))
    if (command !== INSTALL_FOTA) outputs.push(await perform(command, shell));
  return outputs.join("\n");
}
