// `npm run executable`: makes the fota command and, on Linux, fota-agent as files that need no Node.js, for this
// platform, in out/. `npm run executable -- fota-agent` makes only that one.
import { makeExecutable } from "./executable/make-executable.mjs";
import { FOTA, FOTA_AGENT } from "./executable/programs.mjs";
import { OUT } from "./pack-packages.mjs";

const programs = process.platform === "linux" ? [FOTA, FOTA_AGENT] : [FOTA];
const names = process.argv.slice(2);
const unknown = names.find((name) => !programs.some((program) => program.name === name));
if (unknown !== undefined) {
  console.error(
    `there is no executable ${unknown} for ${process.platform}: ${programs.map(({ name }) => name).join(", ")}`,
  );
  process.exit(2);
}
for (const program of programs) {
  if (names.length > 0 && !names.includes(program.name)) continue;
  const { file, sizeBytes } = await makeExecutable(program, OUT);
  console.log(`${file}  ${(sizeBytes / 1e6).toFixed(1)} MB`);
}
