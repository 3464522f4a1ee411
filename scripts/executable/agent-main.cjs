// Main module of the fota-agent executable. A link or a copy of it with the name fota-boot is fota-boot.
const { basename } = require("node:path");

if (basename(process.argv0) === "fota-boot") require("../../packages/agent/src/boot/bin.ts");
else require("../../packages/agent/src/daemon/bin.ts");
