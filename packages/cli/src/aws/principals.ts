import {
  AttachThingPrincipalCommand,
  DetachThingPrincipalCommand,
  GetEffectivePoliciesCommand,
  ListPrincipalThingsCommand,
  ListThingPrincipalsCommand,
} from "@aws-sdk/client-iot";
import { absentIf } from "./errors.js";
import type { Iot } from "./iot.js";
import { listAll } from "./pages.js";

/** Holds an AWS IoT Core policy that applies to a certificate. */
export interface DevicePolicy {
  name: string;
  /** The policy as JSON text. */
  document: string;
}

/**
 * Returns the ARNs of a thing's principals: certificates and Cognito identities. None for a thing that does not exist.
 */
export async function listPrincipals({ client, call }: Iot, thingName: string): Promise<string[]> {
  const doing = `list the certificates of ${thingName}`;
  const principals = await call({ doing, action: "iot:ListThingPrincipals" }, (options) =>
    listAll(
      (nextToken) => client.send(new ListThingPrincipalsCommand({ thingName, nextToken }), options),
      (page) => page.principals ?? [],
    ).catch(absentIf("ResourceNotFoundException")),
  );
  return principals ?? [];
}

/** Attaches a certificate to a thing. Safe to call twice. */
export async function attachPrincipal(
  { client, call }: Iot,
  thingName: string,
  principal: string,
): Promise<void> {
  const doing = `attach a certificate to thing ${thingName}`;
  await call({ doing, action: "iot:AttachThingPrincipal" }, async (options) => {
    await client.send(new AttachThingPrincipalCommand({ thingName, principal }), options);
  });
}

/** Detaches a principal; succeeds if it is detached already or does not exist. */
export async function detachPrincipal(
  { client, call }: Iot,
  thingName: string,
  principal: string,
): Promise<void> {
  const doing = `detach ${principal} from thing ${thingName}`;
  await call({ doing, action: "iot:DetachThingPrincipal" }, async (options) => {
    const command = new DetachThingPrincipalCommand({ thingName, principal });
    await client.send(command, options).catch(absentIf("ResourceNotFoundException"));
  });
}

/** Returns the names of the things that a certificate is attached to. */
export async function listThingsOf({ client, call }: Iot, principal: string): Promise<string[]> {
  const doing = `list the things of ${principal}`;
  return await call({ doing, action: "iot:ListPrincipalThings" }, (options) =>
    listAll(
      (nextToken) => client.send(new ListPrincipalThingsCommand({ principal, nextToken }), options),
      ({ things = [] }) => things,
    ),
  );
}

/** Returns the policies that apply to a principal acting as a thing, including those of the thing's groups. */
export async function effectivePolicies(
  { client, call }: Iot,
  principal: string,
  thingName: string,
): Promise<DevicePolicy[]> {
  const doing = `read the policies of ${thingName}`;
  return await call({ doing, action: "iot:GetEffectivePolicies" }, async (options) => {
    const command = new GetEffectivePoliciesCommand({ principal, thingName });
    const { effectivePolicies: policies = [] } = await client.send(command, options);
    return policies.map(({ policyName = "", policyDocument = "" }) => ({
      name: policyName,
      document: policyDocument,
    }));
  });
}
