// Reads changesets as data: the next version, and its section of the changelog.

const BUMPS = ["patch", "minor", "major"];
export const AREAS = ["command line", "devices", "stand-in", "packages"];

/** Reads one changeset. @throws with the name of the file if something in it is wrong */
export function parseChange(name, text) {
  const [, head, body = ""] = /^---\n([\s\S]*?)\n---\n([\s\S]*)$/.exec(text.replaceAll("\r\n", "\n")) ?? [];
  if (head === undefined) throw new Error(`${name}: it must begin with "---", bump and area`);
  const fields = Object.fromEntries(head.split("\n").map((line) => line.split(/:\s*/, 2)));
  const { bump, area } = fields;
  if (!BUMPS.includes(bump)) throw new Error(`${name}: bump must be ${BUMPS.join(", ")}, got ${bump}`);
  if (!AREAS.includes(area)) throw new Error(`${name}: area must be ${AREAS.join(", ")}, got ${area}`);
  const change = body.trim().replaceAll(/\s+/g, " ");
  if (change === "") throw new Error(`${name}: it says nothing`);
  return { bump, area, change };
}

/** The version that follows `version` with these changes. Before 1.0.0 a breaking change raises the second number. */
export function nextVersion(version, changes) {
  const [major, minor, patch] = version.split(".").map(Number);
  const highest = Math.max(...changes.map(({ bump }) => BUMPS.indexOf(bump)));
  const bump = major === 0 && highest === 2 ? "minor" : BUMPS[highest];
  if (bump === "major") return `${major + 1}.0.0`;
  return bump === "minor" ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`;
}

/**
 * Returns the section of the changelog in Markdown, with lines of at most 120 characters. `date` is as in 2026-12-01.
 */
export function changelogSection(version, date, changes) {
  const parts = AREAS.flatMap((area) => {
    const own = changes.filter((change) => change.area === area);
    if (own.length === 0) return [];
    const title = `### ${area[0].toUpperCase()}${area.slice(1)}`;
    return [`${title}\n\n${own.map(({ bump, change }) => item(bump, change)).join("\n")}`];
  });
  return `## ${version} - ${date}\n\n${parts.join("\n\n")}\n`;
}

function item(bump, change) {
  const lines = [];
  for (const word of `- ${bump === "major" ? "**Breaking:** " : ""}${change}`.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && `${last} ${word}`.length <= 120) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(lines.length === 0 ? word : `  ${word}`);
  }
  return lines.join("\n");
}
