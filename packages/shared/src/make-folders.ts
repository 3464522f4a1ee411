/** The two things of Node that `makeFolders` needs: this package has no Node of its own. */
export interface FolderTools {
  mkdir(path: string): Promise<unknown>;
  dirname(path: string): string;
}

/**
 * Makes the folder `path` with all that are missing above it; one that is there is left as it is. Node's own
 * `mkdir(path, { recursive: true })` never ends, and holds a thread that the process then waits for, where the folder
 * above is there and still answers ENOENT, as /proc does.
 * @throws whatever `mkdir` throws, with its `code`: ENOTDIR or EEXIST where a file is in the way
 */
export async function makeFolders(path: string, tools: FolderTools): Promise<void> {
  try {
    await makeOne(path, tools);
  } catch (error) {
    const above = tools.dirname(path);
    if (codeOf(error) !== "ENOENT" || above === path) throw error;
    await makeFolders(above, tools);
    await makeOne(path, tools); // not again from the start: what is missing now cannot be made
  }
}

/** What is there may also be a file: then the first thing that is done in it says so. */
async function makeOne(path: string, { mkdir }: FolderTools): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
