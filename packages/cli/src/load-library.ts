import { type Load, type ModuleTable, moduleLoader } from "./module-loader.js";

/**
 * scripts/build.mjs sets these: the module with the whole library, the file of each module, and a function for each
 * file that loads it. A bundler finds the files by the calls of `require` in those functions.
 */
declare const LIBRARY_MODULE: string;
declare const MODULE_FILES: Readonly<Record<string, string>>;
declare const FILE_LOADERS: Readonly<Record<string, () => ModuleTable>>;

/** Loads what is not in the bundle: in the bundle of a user, only Node's own modules can be required by a variable. */
const requireOther: Load = (specifier) => process.getBuiltinModule(specifier) ?? require(specifier);

/** Holds the exports of index.ts, from the files that the command uses too. */
export const library = moduleLoader(
  MODULE_FILES,
  (file) => (FILE_LOADERS[file] as () => ModuleTable)(),
  requireOther,
)(LIBRARY_MODULE);
