// The texts that Debian's policy asks for in /usr/share/doc.
import { gzipSync } from "node:zlib";

/** Formats as `date -R` does, in UTC: Mon, 30 Nov 2026 22:00:00 +0000. */
const mailDate = (epochSeconds) => new Date(epochSeconds * 1000).toUTCString().replace("GMT", "+0000");

/** Returns the compressed changelog of the package. */
export function debianChangelog({ name, version, maintainer, homepage, epochSeconds }) {
  const text = `${name} (${version}) stable; urgency=medium

  * Release ${version}: see CHANGELOG.md at
    ${homepage}.

 -- ${maintainer}  ${mailDate(epochSeconds)}
`;
  return gzipSync(text, { level: 9 });
}

/** Returns the copyright file. `noticesPath` is the file with the notices of the software in the package. */
export function copyrightFile({ homepage, license, noticesPath }) {
  return `fota-agent is built from the sources at ${homepage}.

${license.trim()}

The package contains software of others, under the licenses in
${noticesPath}.
`;
}
