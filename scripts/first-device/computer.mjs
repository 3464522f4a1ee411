// The computer of docs/first-device.md: a shell in an empty folder, with fota and scp.
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { openShell, openTerminal, stop } from "../getting-started/terminals.mjs";
import { cleanEnv, root } from "../pnpm.mjs";

/** The address of the computer on the page. */
const ADDRESS = "192.168.1.20";

/**
 * @param folder a folder for everything; must not exist
 * @param device `{ home, uid }`: where `scp` copies to, and who owns the copies
 * @returns `{ folder, shell, openSecond(command), stop() }`
 */
export function setUpComputer(folder, { home, uid }) {
  const [work, bins, temporary] = ["work", "bin", "tmp"].map((name) => join(folder, name));
  for (const each of [work, bins, temporary]) mkdirSync(each, { recursive: true, mode: 0o700 });
  const put = (name, text) => {
    writeFileSync(join(bins, name), `#!/bin/sh\nset -e\n${text}`);
    chmodSync(join(bins, name), 0o755);
  };
  put("fota", `exec '${process.execPath}' '${join(root, "packages/cli/dist/fota.cjs")}' "$@"\n`);
  // Copies into the folder of the device. The last argument is the device.
  put(
    "scp",
    `if [ "$1" = -r ]; then shift; fi
while [ $# -gt 1 ]; do
  cp -r "$1" '${home}/'
  chown -R ${uid}:${uid} '${home}/'"$(basename "$1")"
  shift
done
`,
  );
  // Stand-ins of other tests are in other folders, so that --local finds this one.
  const places = { TMPDIR: temporary, XDG_RUNTIME_DIR: temporary, HOME: folder };
  const env = { ...envWithoutAws(), ...places, PATH: `${bins}:${process.env.PATH}` };
  const shell = openShell({ cwd: work, env });
  const started = [shell.child];
  return {
    folder: work,
    shell,
    openSecond(command) {
      const terminal = openTerminal(onThisMachine(command), { cwd: work, env });
      started.push(terminal.child);
      return terminal;
    },
    async stop() {
      for (const child of started.reverse()) await stop(child);
    },
  };
}

/** Replaces the address of the page by one of this machine, and the usual ports by free ones. */
function onThisMachine(command) {
  const own = Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.internal === false && each.family === "IPv4");
  if (!command.includes(ADDRESS)) throw new Error(`${command}: without ${ADDRESS}`);
  return command.replace(ADDRESS, `${own?.address ?? "127.0.0.1"} --ports auto`);
}

function envWithoutAws() {
  const entries = Object.entries(cleanEnv()).filter(([name]) => !/^(AWS_|FOTA_|FORCE_COLOR)/.test(name));
  return Object.fromEntries(entries);
}
