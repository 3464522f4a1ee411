import { ListTagsForResourceCommand, TagResourceCommand } from "@aws-sdk/client-iot";
import type { Iot } from "./iot.js";
import { pagesOf } from "./pages.js";

/** Returns the tags of a resource. */
export async function listTags({ client, call }: Iot, resourceArn: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const pages = pagesOf((nextToken) => {
    const command = new ListTagsForResourceCommand({ resourceArn, nextToken });
    return call({ doing: `read the tags of ${resourceArn}`, action: "iot:ListTagsForResource" }, (options) =>
      client.send(command, options),
    );
  });
  for await (const { tags = [] } of pages) {
    for (const { Key, Value = "" } of tags) if (Key !== undefined) found[Key] = Value;
  }
  return found;
}

/** Adds tags to a resource; a tag that it has already gets the new value. */
export async function addTags(
  { client, call }: Iot,
  resourceArn: string,
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  const command = new TagResourceCommand({
    resourceArn,
    tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
  });
  await call({ doing: `tag ${resourceArn}`, action: "iot:TagResource" }, (options) =>
    client.send(command, options),
  );
}
