import type { CertificateIssuer } from "../certificates/issuer.js";
import type { Engine } from "../engine/engine.js";
import { notSupported } from "../errors.js";
import type { Service } from "../http/service.js";
import type { S3Access } from "../jobs/s3-access.js";
import type { Broker } from "../mqtt/broker.js";
import { restService } from "../rest/answer.js";
import type { Authenticate } from "../rest/authenticate.js";
import { optionalString, queryMembers } from "../rest/fields.js";
import { type RestRequest, type Route, route } from "../rest/router.js";
import { billingGroupRoutes } from "./iot/billing-group-routes.js";
import { caCertificateRoutes } from "./iot/ca-certificate-routes.js";
import { certificateRoutes } from "./iot/certificate-routes.js";
import { eventConfigurationRoutes } from "./iot/event-configuration-routes.js";
import { executionRoutes } from "./iot/execution-routes.js";
import { groupRoutes } from "./iot/group-routes.js";
import { indexRoutes } from "./iot/index-routes.js";
import { jobRoutes } from "./iot/job-routes.js";
import { packageRoutes } from "./iot/package-routes.js";
import { policyRoutes } from "./iot/policy-routes.js";
import { provisioningTemplateRoutes } from "./iot/provisioning-template-routes.js";
import { roleAliasRoutes } from "./iot/role-alias-routes.js";
import { searchRoutes } from "./iot/search-routes.js";
import { templateRoutes } from "./iot/template-routes.js";
import { thingRoutes } from "./iot/thing-routes.js";
import { thingTypeRoutes } from "./iot/thing-type-routes.js";

/** Addresses of parts of the stand-in: hosts, with a port unless it is the default one. */
interface EndpointAddresses {
  /** MQTT over mutual TLS, for `iot:Data` and `iot:Data-ATS`. */
  data: string;
  /** HTTPS of the Jobs data plane and of the credential provider, for `iot:Jobs` and `iot:CredentialProvider`. */
  https: string;
}

export interface IotServiceOptions {
  engine: Engine;
  issuer: CertificateIssuer;
  objects: S3Access;
  addresses: EndpointAddresses;
  authenticate: Authenticate;
  connectivity: Broker["connectivity"];
  /** Called when clients with a certificate may no longer be connected. */
  onRevoked: () => void;
}

/** Creates the control plane, the service `iot`. */
export function iotService({ authenticate, ...options }: IotServiceOptions): Service {
  return restService(iotRoutes(options), { authenticate });
}

/** Returns all routes of the service `iot`. */
export function iotRoutes(options: Omit<IotServiceOptions, "authenticate">): Route[] {
  const { engine, issuer, objects, addresses, connectivity, onRevoked } = options;
  return [
    ...thingRoutes(engine),
    ...thingTypeRoutes(engine),
    ...groupRoutes(engine, connectivity),
    ...billingGroupRoutes(engine),
    ...indexRoutes(engine, connectivity),
    ...searchRoutes(engine, connectivity),
    ...certificateRoutes(engine, issuer, onRevoked),
    ...caCertificateRoutes(engine, issuer),
    ...policyRoutes(engine),
    ...provisioningTemplateRoutes(engine, issuer),
    ...roleAliasRoutes(engine),
    ...eventConfigurationRoutes(engine),
    ...jobRoutes(engine, objects),
    ...templateRoutes(engine, objects),
    ...executionRoutes(engine),
    ...packageRoutes(engine, objects),
    route("GET /endpoint", describeEndpoint),
  ];

  function describeEndpoint({ query }: RestRequest) {
    const type = optionalString(queryMembers(query), "endpointType") ?? "iot:Data";
    const { data, https } = addresses;
    if (type === "iot:Data" || type === "iot:Data-ATS") return { endpointAddress: data };
    if (type === "iot:Jobs" || type === "iot:CredentialProvider") return { endpointAddress: https };
    throw notSupported(`endpointType ${type}`);
  }
}
