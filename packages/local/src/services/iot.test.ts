import { expect, test } from "vitest";
import { routeRequest } from "../http/routing.js";
import { type IotServiceOptions, iotRoutes } from "./iot.js";

test("a request without a signature reaches every operation by its path", () => {
  const routes = iotRoutes({ addresses: { data: "", https: "" } } as unknown as IotServiceOptions);
  const lost = routes
    .map(({ method, segments }) => ({ method, url: `/${segments.join("/")}` }))
    .filter(({ method, url }) => {
      const found = routeRequest({ method, url, headers: { host: "127.0.0.1:4566" }, rawHeaders: [] }, false);
      return !("service" in found) || found.service !== "iot";
    });
  expect(lost).toEqual([]);
});
