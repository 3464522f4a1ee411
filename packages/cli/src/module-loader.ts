/** Returns the exports of a module of the bundle, or of Node. */
export type Load = (specifier: string) => unknown;

/** Holds modules of the bundle as CommonJS functions by id: what scripts/pack.mjs puts into a file. */
export type ModuleTable = Readonly<
  Record<string, (exports: unknown, require: Load, module: { exports: unknown }) => void>
>;

/**
 * Returns a function that runs a module of the bundle once and returns its exports. It loads a file when the first
 * module of the file is needed.
 *
 * @param files the file of each module
 * @param loadTable loads a file
 * @param requireOther loads what is not in the bundle
 */
export function moduleLoader(
  files: Readonly<Record<string, string>>,
  loadTable: (file: string) => ModuleTable,
  requireOther: Load,
): Load {
  const tables = new Map<string, ModuleTable>();
  const loaded = new Map<string, { exports: unknown }>();

  function tableOf(file: string): ModuleTable {
    let table = tables.get(file);
    if (table === undefined) {
      table = loadTable(file);
      tables.set(file, table);
    }
    return table;
  }

  return function load(specifier) {
    const id = specifier.slice(specifier.lastIndexOf("/") + 1);
    const known = loaded.get(id);
    if (known !== undefined) return known.exports;
    const file = files[id];
    if (file === undefined) return requireOther(specifier);
    const module = { exports: {} as unknown };
    loaded.set(id, module);
    tableOf(file)[id]?.(module.exports, load, module);
    return module.exports;
  };
}
