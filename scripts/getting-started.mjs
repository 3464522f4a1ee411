// Follows docs/getting-started.md word by word: runs each command of the page in a real shell, in the page's sequence,
// with packages installed from their tarballs, against a `fota local`. Compares what the page shows with what comes.
//
// The page is for AWS. These are the only differences:
// - variables of the AWS tools lead to the stand-in, and Node.js trusts its certificate;
// - `npm install` takes the packages of fota from tarballs, and installs into a folder of this run;
// - the stand-in's root certificate takes the place of Amazon's in the folder of the device.
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { commandsOf, compare, holds, perform, readBlocks } from "./getting-started/page.mjs";
import { openShell, openTerminal, start, stop } from "./getting-started/terminals.mjs";
import { packAll } from "./pack-packages.mjs";
import { cleanEnv } from "./pnpm.mjs";

const PAGE = "docs/getting-started.md";

/**
 * Follows the page from its first command to its last.
 * @param folder a folder for everything that this makes; must not exist
 * @param tarballs paths of the packed packages
 * @throws if a command of the page fails, or prints something else than the page shows
 */
export async function followGettingStarted(folder, tarballs) {
  const prefix = join(folder, "global");
  const bins = join(prefix, "bin");
  mkdirSync(bins, { recursive: true });
  const env = { ...envWithoutAws(), PATH: `${bins}:${process.env.PATH}` };
  const started = [];
  try {
    await follow({ folder, prefix, tarballs, env, started });
  } finally {
    for (const child of started.reverse()) await stop(child);
  }
}

async function follow(run) {
  const { folder, env, started } = run;
  const shell = openShell({ cwd: folder, env });
  started.push(shell.child);
  const cwd = async () => (await shell.run("pwd")).output.trim();
  let standIn;
  let second;
  let last = "";
  for (const { kind, text, place, file } of readBlocks(PAGE)) {
    const inSecond = place === "second terminal";
    if (kind === "ts") {
      writeFileSync(join(await cwd(), file), text);
    } else if (kind === "text") {
      compare(text, inSecond ? await second.outputUntil((output) => holds(text, output)) : last);
    } else if (inSecond) {
      second = openTerminal(`${exportOf(standIn)}\n${text}`, { cwd: await cwd(), env });
      started.push(second.child);
    } else {
      for (const command of commandsOf(text)) {
        last = await perform(withTarballs(command, run), shell);
        if (command === "npm install --global fota") {
          standIn = await startStandIn(run);
          await shell.run(exportOf(standIn));
        } else if (command.startsWith("fota thing create")) {
          copyFileSync(standIn.ca, join(await cwd(), "gateway-7/AmazonRootCA1.pem"));
        }
      }
    }
  }
}

/** Lets `npm install` take fota's own packages from their tarballs, with those that they depend on. */
function withTarballs(command, { tarballs, prefix }) {
  if (!command.startsWith("npm install")) return command;
  const tarballOf = (name) => tarballs.find((path) => new RegExp(`^${name}-\\d`).test(basename(path)));
  return command
    .replace(/ fota$/, () => ` --prefix ${prefix} ${tarballOf("fota")}`)
    .replace(/ @fota\/agent$/, () => ` ${tarballOf("fota-agent")} ${tarballOf("fota-shared")}`);
}

async function startStandIn({ folder, env, started }) {
  const args = ["local", "--json", "--ports", "auto", "--strict", "--region", "eu-west-1"];
  const child = start("fota", args, { cwd: folder, env, stdio: ["ignore", "pipe", "inherit"] });
  started.push(child);
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const standIn = JSON.parse(line);
  const others = process.env.NODE_EXTRA_CA_CERTS; // a company's, which npm may need
  const roots = [...(others === undefined ? [] : [others]), standIn.ca].map((path) =>
    readFileSync(path, "utf8"),
  );
  const bundle = join(folder, "roots.pem");
  writeFileSync(bundle, roots.join("\n"));
  return { ...standIn, bundle };
}

/** Leads to the stand-in over https, as AWS: a device refuses an image over http. */
function exportOf({ https, bundle }) {
  return `export AWS_ENDPOINT_URL=${https} NODE_EXTRA_CA_CERTS=${bundle}`;
}

function envWithoutAws() {
  const entries = Object.entries(cleanEnv()).filter(([name]) => !/^(AWS_|FOTA_|FORCE_COLOR)/.test(name));
  return {
    ...Object.fromEntries(entries),
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
  };
}

if (process.argv[1] === import.meta.filename) {
  const folder = mkdtempSync(join(tmpdir(), "fota-getting-started-"));
  try {
    await followGettingStarted(join(folder, "run"), packAll());
    console.log(`${PAGE} works`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
