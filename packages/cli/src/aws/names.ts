import { ListThingGroupsCommand, ListThingsCommand } from "@aws-sdk/client-iot";
import { LIST_PAGE_MAX } from "@fota/shared";
import type { Iot } from "./iot.js";
import { pagesOf } from "./pages.js";

/** Lists the names of things, in the registry's order. */
export async function* listThingNames({ client, call }: Iot): AsyncGenerator<string> {
  const pages = pagesOf((nextToken) =>
    call({ doing: "list things", action: "iot:ListThings" }, (options) =>
      client.send(new ListThingsCommand({ maxResults: LIST_PAGE_MAX, nextToken }), options),
    ),
  );
  for await (const { things = [] } of pages) yield* things.flatMap(({ thingName }) => thingName ?? []);
}

/** Lists the names of static and dynamic thing groups. */
export async function* listThingGroupNames({ client, call }: Iot): AsyncGenerator<string> {
  const pages = pagesOf((nextToken) =>
    call({ doing: "list thing groups", action: "iot:ListThingGroups" }, (options) =>
      client.send(new ListThingGroupsCommand({ maxResults: LIST_PAGE_MAX, nextToken }), options),
    ),
  );
  for await (const { thingGroups = [] } of pages)
    yield* thingGroups.flatMap(({ groupName }) => groupName ?? []);
}
