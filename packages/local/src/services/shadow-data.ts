import type { ShadowId } from "@fota/shared";
import type { Engine } from "../engine/engine.js";
import type { Authorizer } from "../policies/authorizer.js";
import { optionalInteger, queryMembers, refuseUnknownMembers } from "../rest/fields.js";
import { page } from "../rest/paging.js";
import { type RestRequest, type Route, route } from "../rest/router.js";
import { readShadowId, readThingName } from "../shadows/fields.js";
import { getShadow } from "../shadows/get-shadow.js";
import { parseUpdate } from "../shadows/request.js";
import { namedShadows } from "../shadows/shadow.js";

export interface ShadowRoutesOptions {
  engine: Engine;
  authorize: Authorizer["authorize"];
}

/** Source: API model iot-data 2015-05-28, PageSize. */
const PAGE_SIZE = { min: 1, max: 100 };

/** Returns the routes for device shadows over HTTP. A request changes and publishes the same as over MQTT. */
export function shadowRoutes({ engine, authorize }: ShadowRoutesOptions): Route[] {
  return [
    route("GET /things/{thingName}/shadow", get),
    route("POST /things/{thingName}/shadow", update),
    route("DELETE /things/{thingName}/shadow", remove),
    route("GET /api/things/shadow/ListNamedShadowsForThing/{thingName}", list),
  ];

  function get(request: RestRequest) {
    return getShadow(engine.world, readAuthorizedId(request, "GetThingShadow"), engine.nowMs());
  }

  function update(request: RestRequest) {
    const id = readAuthorizedId(request, "UpdateThingShadow");
    return engine.run("updateShadow", { ...id, ...parseUpdate(request.bytes) });
  }

  function remove(request: RestRequest) {
    return engine.run("deleteShadow", readAuthorizedId(request, "DeleteThingShadow"));
  }

  async function list({ params, query, certificateId }: RestRequest) {
    const members = queryMembers(query);
    refuseUnknownMembers("ListNamedShadowsForThing", members, ["pageSize", "nextToken"]);
    const thingName = readThingName(params);
    if (certificateId !== undefined) {
      authorize({ certificateId }, "iot:ListNamedShadowsForThing", `thing/${thingName}`);
    }
    const maxResults = optionalInteger(members, "pageSize", PAGE_SIZE) ?? PAGE_SIZE.max;
    const { items, nextToken } = await page(namedShadows(engine.world, thingName), "oldestFirst", {
      maxResults,
      nextToken: members["nextToken"],
    });
    const timestamp = Math.floor(engine.nowMs() / 1000);
    return { results: items.map(({ shadowName }) => shadowName), nextToken, timestamp };
  }

  function readAuthorizedId({ params, query, certificateId }: RestRequest, action: string): ShadowId {
    const members = queryMembers(query);
    refuseUnknownMembers(action, members, ["name"]);
    const id = readShadowId({ ...params, shadowName: query.get("name") ?? undefined });
    const { thingName, shadowName } = id;
    const resource = shadowName === undefined ? `thing/${thingName}` : `thing/${thingName}/${shadowName}`;
    if (certificateId !== undefined) authorize({ certificateId }, `iot:${action}`, resource);
    return id;
  }
}
