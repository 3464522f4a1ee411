// `npm run release`: turns the changesets into a version and its section of the changelog. It commits nothing.
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { changelogSection, nextVersion, parseChange } from "./changes.mjs";
import { root } from "./pnpm.mjs";

const folder = join(root, ".changeset");
const names = readdirSync(folder).filter((name) => name.endsWith(".md") && name !== "README.md");
if (names.length === 0) {
  console.error("there is no changeset: nothing that users can notice has changed (.changeset/README.md)");
  process.exit(1);
}
const changes = names.sort().map((name) => parseChange(name, readFileSync(join(folder, name), "utf8")));
const manifests = ["shared", "agent", "local", "cli"].map((name) =>
  join(root, "packages", name, "package.json"),
);
const texts = manifests.map((path) => readFileSync(path, "utf8"));
const { version } = JSON.parse(texts[0]);
const next = nextVersion(version, changes);

const log = join(root, "CHANGELOG.md");
const before = readFileSync(log, "utf8");
const at = before.indexOf("\n## ") + 1;
const section = changelogSection(next, new Date().toISOString().slice(0, 10), changes);
for (const [i, path] of manifests.entries()) {
  writeFileSync(path, texts[i].replace(`"version": "${version}"`, `"version": "${next}"`));
}
const agentVersion = join(root, "packages/agent/src/core/agent-version.ts");
writeFileSync(agentVersion, readFileSync(agentVersion, "utf8").replace(`"${version}"`, `"${next}"`));
const recipes = join(root, "examples/yocto/meta-fota/recipes-core/fota-agent");
renameSync(join(recipes, `fota-agent_${version}.bb`), join(recipes, `fota-agent_${next}.bb`));
const buildroot = join(root, "examples/buildroot/package/fota-agent/fota-agent.mk");
writeFileSync(
  buildroot,
  readFileSync(buildroot, "utf8").replace(`VERSION = ${version}`, `VERSION = ${next}`),
);
writeFileSync(log, `${before.slice(0, at)}${section}\n${before.slice(at)}`);
for (const name of names) rmSync(join(folder, name));

console.log(`${version} -> ${next}, ${changes.length} changes

next:
  npm test && npm run test:packages
  git add --all && git commit -m "release: ${next}"
  git tag v${next} && git push --follow-tags     # .github/workflows/release.yml publishes it`);
