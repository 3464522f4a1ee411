// The programs that `npm run executable` makes.

export const FOTA = { name: "fota", entry: "packages/cli/src/bin.ts", codeCache: true };

/**
 * fota-agent and, if it is started by that name, fota-boot: a device may need both, and Node.js takes 85 MB. A daemon gains
 * nothing from a code cache; without it, the same sources and Node.js make the same bytes.
 */
export const FOTA_AGENT = {
  name: "fota-agent",
  entry: "scripts/executable/agent-main.cjs",
  codeCache: false,
  bundle: { keepNames: true, lineLimit: 200 }, // as in scripts/build.mjs
};
