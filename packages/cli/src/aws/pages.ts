interface Page {
  nextToken?: string | undefined;
  /** What the operations for policies call `nextToken`. */
  nextMarker?: string | undefined;
}

/** Requests one page after another, the first one with `undefined`. */
export async function* pagesOf<P extends Page>(
  page: (nextToken: string | undefined) => Promise<P>,
): AsyncGenerator<P> {
  let nextToken: string | undefined;
  do {
    const got = await page(nextToken);
    yield got;
    nextToken = got.nextToken ?? got.nextMarker;
  } while (nextToken !== undefined);
}

/** Requests all pages and returns their items in one list. */
export async function listAll<P extends Page, Item>(
  page: (nextToken: string | undefined) => Promise<P>,
  itemsOf: (page: P) => readonly Item[],
): Promise<Item[]> {
  const items: Item[] = [];
  for await (const got of pagesOf(page)) items.push(...itemsOf(got));
  return items;
}
