// The device of docs/first-device.md: a Debian that runs, and the shell of a user with sudo.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { bootMachine } from "../debian/machine.mjs";
import { copyDebian } from "../debian/root-folder.mjs";
import { openShell, stop } from "../getting-started/terminals.mjs";

const USER = "pi";
const NAME = "gateway-7";

/**
 * Makes and boots the device.
 * @param suite codename of the release of Debian
 * @param folder root folder of the device; must not exist
 */
export async function setUpDevice(suite, folder) {
  copyDebian(suite, folder);
  writeFileSync(join(folder, "etc/hostname"), `${NAME}\n`);
  writeFileSync(join(folder, "etc/hosts"), `127.0.0.1 localhost\n127.0.1.1 ${NAME}\n`);
  writeFileSync(join(folder, "etc/sudoers.d/user"), `${USER} ALL=(ALL) NOPASSWD: ALL\n`, { mode: 0o440 });
  let machine = await bootMachine(folder);
  machine.run("useradd", "--create-home", "--shell", "/bin/bash", "--groups", "systemd-journal", USER);
  const uid = machine.run("id", "-u", USER).trim();
  const open = () =>
    openShell({ command: [...machine.enter, "env", "-i", "LC_ALL=C.UTF-8", "su", "-", USER] });
  let shell = open();
  return {
    folder,
    home: join(folder, "home", USER),
    uid,
    get shell() {
      return shell;
    },
    run: (...args) => machine.run(...args),
    /** Restarts the device, as if the power had failed. */
    async restart() {
      await machine.stop();
      await stop(shell.child);
      machine = await bootMachine(folder);
      shell = open();
    },
    async stop() {
      await machine.stop();
      await stop(shell.child);
    },
  };
}
