/** Steps from the top of a state: keys of Maps, names of members. */
export type Path = readonly unknown[];

/**
 * A part of a state as JSON. The records of a state follow each other so that what `at` names exists already; the first
 * one has the root, at the empty path. Sets and Maps are arrays in JSON; `sets` and `maps` say where in each value they are.
 */
export type StateRecord =
  | {
      /** A Map. */
      at: Path;
      entries: [key: unknown, value: unknown][];
      sets?: Path[];
      maps?: Path[];
    }
  | {
      /** A Set or an array. */
      at: Path;
      items: unknown[];
    };

/** Key of the root in the Map at the empty path. */
export const ROOT_KEY = "state";
