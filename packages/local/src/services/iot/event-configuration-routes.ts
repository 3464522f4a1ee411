import type { Engine } from "../../engine/engine.js";
import { invalidRequest, notSupported } from "../../errors.js";
import type { EventType } from "../../registry/registry.js";
import { optionalBoolean, optionalObject, refuseUnknownMembers } from "../../rest/fields.js";
import { type RestRequest, route } from "../../rest/router.js";

const PUBLISHED: readonly EventType[] = ["JOB", "JOB_EXECUTION"];

/** All event types of AWS. Source: API model iot 2015-05-28, EventType. */
const EVENT_TYPES: readonly string[] = [
  ...PUBLISHED,
  "THING",
  "THING_GROUP",
  "THING_TYPE",
  "THING_GROUP_MEMBERSHIP",
  "THING_GROUP_HIERARCHY",
  "THING_TYPE_ASSOCIATION",
  "POLICY",
  "CERTIFICATE",
  "CA_CERTIFICATE",
];

/** Returns the routes that select the event types to publish on `$aws/events/...`. */
export function eventConfigurationRoutes(engine: Engine) {
  return [
    route("GET /event-configurations", describeEventConfigurations),
    route("PATCH /event-configurations", updateEventConfigurations),
  ];

  function describeEventConfigurations() {
    const enabled: ReadonlySet<string> = engine.world.eventConfigurations;
    const set = engine.world.eventConfigurationsSet;
    return {
      creationDate: set && set.firstAtMs / 1000,
      lastModifiedDate: set && set.lastAtMs / 1000,
      eventConfigurations: Object.fromEntries(
        EVENT_TYPES.map((type) => [type, { Enabled: enabled.has(type) }]),
      ),
    };
  }

  async function updateEventConfigurations({ body }: RestRequest) {
    refuseUnknownMembers("UpdateEventConfigurations", body, ["eventConfigurations"]);
    const asked = optionalObject(body, "eventConfigurations") ?? {};
    const enable: EventType[] = [];
    const disable: EventType[] = [];
    for (const name of Object.keys(asked)) {
      if (!EVENT_TYPES.includes(name)) throw invalidRequest(`${name} is not an event type`);
      const wanted = optionalBoolean(optionalObject(asked, name) ?? {}, "Enabled");
      const type = PUBLISHED.find((each) => each === name);
      if (type !== undefined) (wanted ? enable : disable).push(type);
      else if (wanted) throw notSupported(`events of type ${name}`);
    }
    await engine.run("updateEventConfigurations", { enable, disable });
  }
}
