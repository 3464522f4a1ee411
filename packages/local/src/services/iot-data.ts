import type { Service } from "../http/service.js";
import { restService } from "../rest/answer.js";
import type { Authenticate } from "../rest/authenticate.js";
import { type MessageRoutesOptions, messageRoutes } from "./message-data.js";
import { type ShadowRoutesOptions, shadowRoutes } from "./shadow-data.js";

interface IotDataServiceOptions extends ShadowRoutesOptions, MessageRoutesOptions {
  authenticate: Authenticate;
}

/** Creates the service `iot-data`: device shadows and messages over HTTP. */
export function iotDataService({ authenticate, ...options }: IotDataServiceOptions): Service {
  return restService([...shadowRoutes(options), ...messageRoutes(options)], {
    authenticate,
    rawBodies: true,
  });
}
