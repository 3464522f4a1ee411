import { X509Certificate } from "node:crypto";
import { iotArn } from "../account.js";
import { certificateOf, policiesOf } from "../registry/certificates.js";
import { defaultVersion } from "../registry/policies.js";
import type { PolicyVersion, Registry } from "../registry/registry.js";
import { type Policy, parsePolicy } from "./document.js";
import { createGrants, type Grants } from "./evaluate.js";

/** The properties of a client that policies check. */
export interface Requester {
  /** Id of the certificate that it proved. */
  certificateId?: string | undefined;
  /** Whether it signs with credentials; AWS IoT policies do not apply then. */
  signed?: boolean;
  /** Over MQTT only. */
  clientId?: string;
  sourceIp?: string | undefined;
  /** `PersistentConnect` and `LastWill`, if its CONNECT requests them. */
  connectAttributes?: readonly string[];
}

/** What one client may do. Ask for every action: certificates and policies can change while a connection is open. */
export interface Permissions {
  /**
   * Returns why the action is not allowed, as one clause; `undefined` if it is. `action` is, for example, `iot:Publish`,
   * `resource` `topic/dt/one`.
   */
  refusal(action: string, resource: string): string | undefined;
}

export interface PermissionOptions {
  /** Gives the current registry; read for every decision. */
  source: { readonly world: Readonly<Registry>; nowMs(): number };
  /** Whether a certificate needs a policy, as with AWS; if not, a certificate without a policy may do everything. */
  strict: boolean;
}

export function createPermissions({ source, strict }: PermissionOptions, requester: Requester): Permissions {
  let known: { basis: unknown[]; grants: Grants } | undefined;

  /** Returns the evaluated policies of the certificate; evaluates them again after a change. */
  function grants(versions: PolicyVersion[]): Grants {
    const thing = attachedThing(source.world, requester);
    const basis = [...versions, thing, thing?.version];
    if (known?.basis.length !== basis.length || basis.some((each, index) => each !== known?.basis[index])) {
      known = {
        basis,
        grants: createGrants(versions.map(parsedPolicy), createVariableLookup(source.world, requester)),
      };
    }
    return known.grants;
  }

  return {
    refusal(action, resource) {
      const { certificateId, signed = false } = requester;
      if (signed) return undefined;
      if (certificateId === undefined) {
        return strict ? "--strict requires a certificate with a policy" : undefined;
      }
      const versions = policyVersionsOf(source.world, certificateId);
      if (versions.length === 0)
        return strict ? "--strict requires a policy, but the certificate has none" : undefined;
      const arn = iotArn(source.world.region, resource);
      const decision = grants(versions).decide(action, arn);
      return decision === "allowed" ? undefined : `${action} on ${arn} is ${decision} of its policies`;
    },
  };
}

/** Returns the policies in effect: those attached to a certificate, or that of a provisioning claim. */
function policyVersionsOf(world: Readonly<Registry>, certificateId: string): PolicyVersion[] {
  const claim = world.provisioning?.claims.get(certificateId);
  return claim === undefined ? policiesOf(world, certificateId).map(defaultVersion) : [claim.policy];
}

/** Parsed policies. Versions never change, so each is parsed once. */
const parsed = new WeakMap<PolicyVersion, Policy>();

function parsedPolicy(version: PolicyVersion): Policy {
  const policy = parsed.get(version) ?? parsePolicy(version.document);
  parsed.set(version, policy);
  return policy;
}

/**
 * Returns the thing for thing policy variables: its name is the client id, and the certificate is attached to it. There
 * is none over HTTP. Source: AWS IoT Developer Guide, "Thing policy variables".
 */
function attachedThing(world: Readonly<Registry>, { certificateId = "", clientId = "" }: Requester) {
  const attached = certificateOf(world, certificateId)?.things.has(clientId) === true;
  return attached ? world.things.get(clientId) : undefined;
}

function createVariableLookup(world: Readonly<Registry>, requester: Requester) {
  const { certificateId = "", clientId, sourceIp, connectAttributes } = requester;
  const thing = attachedThing(world, requester);
  const fromCertificate = createCertificateLookup(world, certificateId);
  const values: Record<string, readonly string[] | undefined> = {
    "iot:ClientId": single(clientId),
    "iot:CertificateId": [certificateId],
    "iot:ConnectAttributes": connectAttributes?.length === 0 ? undefined : connectAttributes,
    "aws:SourceIp": single(sourceIp),
    "iot:Connection.Thing.IsAttached": clientId === undefined ? undefined : [String(thing !== undefined)],
    "iot:Connection.Thing.ThingName": single(thing?.thingName),
    "iot:Connection.Thing.ThingTypeName": single(thing?.thingTypeName),
  };
  return (key: string): readonly string[] | undefined => {
    const attribute = /^iot:Connection\.Thing\.Attributes\[(.+)\]$/.exec(key)?.[1];
    if (attribute !== undefined) {
      const attributes = thing?.attributes ?? {};
      return Object.hasOwn(attributes, attribute) ? single(attributes[attribute]) : undefined;
    }
    return key.startsWith("iot:Certificate.") ? fromCertificate(key) : values[key];
  };
}

function single(value: string | undefined): readonly string[] | undefined {
  return value === undefined ? undefined : [value];
}

/** The short names (RFC 4514) that Node.js uses, by their names in AWS's variables. */
const NAME_PARTS: Readonly<Record<string, string>> = {
  Country: "C",
  Organization: "O",
  OrganizationalUnit: "OU",
  DistinguishedNameQualifier: "dnQualifier",
  State: "ST",
  CommonName: "CN",
  SerialNumber: "serialNumber",
};

/** Returns a lookup of certificate variables. It parses the certificate once, when a policy needs it. */
function createCertificateLookup(world: Readonly<Registry>, certificateId: string) {
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
