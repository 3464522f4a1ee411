// Finds the third-party packages in a bundle by reading the bundle itself: their licenses require their notices.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const LICENSE_FILE = /^(licen[sc]e|copying|notice)([-.].*)?$/i;

/** Match the terms of licenses, without titles and copyright lines. */
const COMMON_TERMS = [
  /Apache License\s+Version 2\.0,[\s\S]*?END OF TERMS AND CONDITIONS/,
  /Permission is hereby granted, free of charge[\s\S]*?DEALINGS IN\s+THE\s+SOFTWARE\./,
  /Permission to use, copy, modify,[\s\S]*?OF THIS SOFTWARE\./,
];

/**
 * Returns `{ name, version, license, texts }` of each package below node_modules that has code in one of the outputs of
 * these esbuild metafiles, sorted by name. `texts` are its license and notice files.
 * @throws when a package has neither a license file nor a license whose text is known
 */
export function thirdPartyIn(metafiles) {
  const inputs = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap((output) =>
      Object.entries(output.inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
    ),
  );
  const folders = new Set(inputs.filter((path) => path.includes("node_modules/")).map(packageFolder));
  const found = [...folders].map(readPackage);
  for (const one of found) if (one.texts.length === 0) one.texts = [standardText(one, found)];
  const byId = new Map(found.map((one) => [`${one.name}@${one.version}`, one]));
  return [...byId.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Returns the text of the notices file. Packages with the same terms share them, and each keeps its own lines. */
export function noticesOf(packages) {
  const byTerms = new Map();
  for (const { name, version, license, texts } of packages) {
    const { own, terms } = splitLicense(texts.join("\n\n"));
    const words = terms.replace(/\s+/g, " ");
    const entry = byTerms.get(words) ?? { license, terms, byOwn: new Map() };
    entry.byOwn.set(own, [...(entry.byOwn.get(own) ?? []), `${name} ${version}`]);
    byTerms.set(words, entry);
  }
  const parts = [...byTerms.values()].map(({ license, terms, byOwn }) => {
    const owners = [...byOwn].map(([own, names]) => [names.join("\n"), own].filter(Boolean).join("\n\n"));
    return `${owners.join("\n\n")}\n\nLicense: ${license}\n\n${terms}`;
  });
  const rule = `\n\n${"-".repeat(80)}\n\n`;
  return `This package contains code of the packages below, under these licenses.${rule}${parts.join(rule)}\n`;
}

/** Splits a license file: what is the same for all packages with that license, and the rest, such as copyright lines. */
function splitLicense(text) {
  const [terms] = COMMON_TERMS.flatMap((pattern) => pattern.exec(text) ?? []);
  if (terms === undefined) return { own: "", terms: text };
  const own = text.split(terms).map((part) => part.trim());
  return { own: own.filter(Boolean).join("\n\n"), terms };
}

/** Returns a bill of materials in CycloneDX 1.6, for one of fota's packages and what it redistributes. */
export function billOfMaterials({ name, version, license }, packages) {
  const purl = (id, of) => `pkg:npm/${id.replace("@", "%40")}@${of}`;
  const component = (one, type) => ({
    type,
    "bom-ref": purl(one.name, one.version),
    name: one.name,
    version: one.version,
    purl: purl(one.name, one.version),
    licenses: [{ license: { id: one.license } }],
  });
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: { component: component({ name, version, license }, "application") },
    components: packages.map((one) => component(one, "library")),
    dependencies: [
      { ref: purl(name, version), dependsOn: packages.map((one) => purl(one.name, one.version)) },
    ],
  };
}

function packageFolder(path) {
  const [, folder] = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path);
  return folder;
}

function readPackage(folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const files = readdirSync(folder).filter((file) => LICENSE_FILE.test(file));
  const texts = files
    .sort()
    .map((file) => readFileSync(join(folder, file), "utf8").replaceAll("\r\n", "\n").trim());
  return { name, version, license, author: typeof author === "string" ? author : author?.name, texts };
}

/** Supplies the text for a package that declares its license and ships no text of it. */
function standardText({ name, version, license, author = "the authors" }, found) {
  if (license === "MIT") {
    return readFileSync("LICENSE", "utf8")
      .trim()
      .replace(/^Copyright.*$/m, `Copyright (c) ${author}`);
  }
  // The text of this license is the same for all packages.
  const other =
    license === "Apache-2.0" && found.find((one) => one.license === license && one.texts.length > 0);
  if (!other) throw new Error(`${name}@${version} (${license}) has no license file`);
  return other.texts[0];
}
