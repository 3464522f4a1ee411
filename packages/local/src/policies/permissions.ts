import { X509Certificate } from "node:crypto";
import { iotArn } from "../account.js";
import { certificateOf, policiesOf } from "../registry/certificates.js";
import { defaultVersion } from "../registry/policies.js";
import type { PolicyVersion, Registry } from "../registry/registry.js";
import { type Policy, parsePolicy } from "./document.js";
import { type Grants, grantsOf } from "./evaluate.js";

/** Who asks, as far as policies look at it. */
export interface Requester {
  /** Of the certificate it proved to have. */
  certificateId?: string | undefined;
  /** AWS IoT's policies do not apply to who signs with credentials. */
  signed?: boolean;
  /** Over MQTT. */
  clientId?: string;
  sourceIp?: string | undefined;
  /** `PersistentConnect`, `LastWill`: what its CONNECT asks for. */
  connectAttributes?: readonly string[];
}

/** What one client may do. Asked each time: certificates and policies change under open connections. */
export interface Permissions {
  /**
   * Why it may not, as one clause; `undefined`: it may. `action` such as `iot:Publish`, `resource` such as
   * `topic/dt/one`.
   */
  refusal(action: string, resource: string): string | undefined;
}

export interface PermissionOptions {
  /** For the world as it is at that moment. */
  source: { readonly world: Readonly<Registry> };
  /** A certificate needs a policy, as with AWS; otherwise one without may do everything. */
  strict: boolean;
}

export function permissionsOf({ source, strict }: PermissionOptions, requester: Requester): Permissions {
  let known: { basis: unknown[]; grants: Grants } | undefined;

  /** The policies of the certificate with its variables in them; made anew when something they depend on has changed. */
  function grants(versions: PolicyVersion[]): Grants {
    const thing = attachedThing(source.world, requester);
    const basis = [...versions, thing, thing?.version];
    if (known?.basis.length !== basis.length || basis.some((each, index) => each !== known?.basis[index])) {
      known = { basis, grants: grantsOf(versions.map(policyOf), valuesOf(source.world, requester)) };
    }
    return known.grants;
  }

  return {
    refusal(action, resource) {
      const { certificateId, signed = false } = requester;
      if (signed) return undefined;
      if (certificateId === undefined) {
        return strict ? "strict: a certificate with a policy is demanded" : undefined;
      }
      const versions = policiesOf(source.world, certificateId).map(defaultVersion);
      if (versions.length === 0) return strict ? "strict: the certificate has no policy" : undefined;
      const arn = iotArn(source.world.region, resource);
      const decision = grants(versions).decide(action, arn);
      return decision === "allowed" ? undefined : `${action} on ${arn} is ${decision} of its policies`;
    },
  };
}

/** Versions are never changed in place, so each is read once. */
const parsed = new WeakMap<PolicyVersion, Policy>();

function policyOf(version: PolicyVersion): Policy {
  const policy = parsed.get(version) ?? parsePolicy(version.document);
  parsed.set(version, policy);
  return policy;
}

/**
 * AWS IoT Developer Guide, "Thing policy variables": the thing is the one that the certificate is attached to and whose
 * name is the client id; there is none over HTTP.
 */
function attachedThing(world: Readonly<Registry>, { certificateId = "", clientId = "" }: Requester) {
  const attached = certificateOf(world, certificateId)?.things.has(clientId) === true;
  return attached ? world.things.get(clientId) : undefined;
}

function valuesOf(world: Readonly<Registry>, requester: Requester) {
  const { certificateId = "", clientId, sourceIp, connectAttributes } = requester;
  const thing = attachedThing(world, requester);
  const fromCertificate = certificateValues(world, certificateId);
  const values: Record<string, readonly string[] | undefined> = {
    "iot:ClientId": oneOf(clientId),
    "iot:CertificateId": [certificateId],
    "iot:ConnectAttributes": connectAttributes?.length === 0 ? undefined : connectAttributes,
    "aws:SourceIp": oneOf(sourceIp),
    "iot:Connection.Thing.IsAttached": clientId === undefined ? undefined : [String(thing !== undefined)],
    "iot:Connection.Thing.ThingName": oneOf(thing?.thingName),
    "iot:Connection.Thing.ThingTypeName": oneOf(thing?.thingTypeName),
  };
  return (key: string): readonly string[] | undefined => {
    const attribute = /^iot:Connection\.Thing\.Attributes\[(.+)\]$/.exec(key)?.[1];
    if (attribute !== undefined) {
      const attributes = thing?.attributes ?? {};
      return Object.hasOwn(attributes, attribute) ? oneOf(attributes[attribute]) : undefined;
    }
    return key.startsWith("iot:Certificate.") ? fromCertificate(key) : values[key];
  };
}

function oneOf(value: string | undefined): readonly string[] | undefined {
  return value === undefined ? undefined : [value];
}

/** Short names of RFC 4514, as Node.js writes them, by the names in AWS's variables. */
const NAME_PARTS: Readonly<Record<string, string>> = {
  Country: "C",
  Organization: "O",
  OrganizationalUnit: "OU",
  DistinguishedNameQualifier: "dnQualifier",
  State: "ST",
  CommonName: "CN",
  SerialNumber: "serialNumber",
};

/** The certificate is read when a policy asks for something in it, and once. */
function certificateValues(world: Readonly<Registry>, certificateId: string) {
  let read: X509Certificate | undefined;
  return (key: string): readonly string[] | undefined => {
    const pem = certificateOf(world, certificateId)?.certificatePem;
    if (pem === undefined) return undefined;
    read ??= new X509Certificate(pem);
    if (key === "iot:Certificate.SerialNumber") return [read.serialNumber];
    const [, holder, part = ""] = key.split(".");
    const names = (holder === "Subject" ? read.subject : read.issuer).split("\n");
    const prefix = `${NAME_PARTS[part]}=`;
    const found = names.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
    return found.length === 0 ? undefined : found;
  };
}
