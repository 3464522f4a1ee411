/** Requests one page after another, the first one with `undefined`. */
export async function* pagesOf<Page extends { nextToken?: string | undefined }>(
  page: (nextToken: string | undefined) => Promise<Page>,
): AsyncGenerator<Page> {
  let nextToken: string | undefined;
  do {
    const got = await page(nextToken);
    yield got;
    nextToken = got.nextToken;
  } while (nextToken !== undefined);
}
