import { applyConsequences } from "../jobs/consequences.js";
import { createJob } from "../jobs/create-job.js";
import { cancelExecution, deleteExecution, startNextExecution, updateExecution } from "../jobs/executions.js";
import { associateTargets, cancelJob, deleteJob, updateJob } from "../jobs/jobs.js";
import { tagResource, untagResource } from "../jobs/tags.js";
import { createJobTemplate, deleteJobTemplate } from "../jobs/templates.js";
import { tick } from "../jobs/tick.js";
import type { CommandContext } from "../jobs/world.js";
import {
  createPackage,
  deletePackage,
  updatePackage,
  updatePackageConfiguration,
} from "../packages/packages.js";
import { createPackageVersion, deletePackageVersion, updatePackageVersion } from "../packages/versions.js";
import { createProvisioningClaim } from "../provisioning/claims.js";
import { registerPendingCertificate } from "../provisioning/ownership.js";
import { registerThing } from "../provisioning/register-thing.js";
import {
  createProvisioningTemplate,
  createProvisioningTemplateVersion,
  deleteProvisioningTemplate,
  deleteProvisioningTemplateVersion,
  updateProvisioningTemplate,
} from "../provisioning/templates.js";
import {
  addThingToBillingGroup,
  createBillingGroup,
  deleteBillingGroup,
  removeThingFromBillingGroup,
  updateBillingGroup,
} from "../registry/billing-groups.js";
import {
  attachPolicy,
  attachThingPrincipal,
  deleteCertificate,
  detachPolicy,
  detachThingPrincipal,
  registerCertificate,
  registerCertificateWithCa,
  registerCertificateWithoutCa,
  updateCertificate,
} from "../registry/certificates.js";
import { indexConnectivity, noteConnectivity } from "../registry/connectivity.js";
import { updateEventConfigurations } from "../registry/event-configurations.js";
import { deleteForeignCa, registerForeignCa, updateForeignCa } from "../registry/foreign-cas.js";
import { deleteThingGroup } from "../registry/group-deletion.js";
import { addThingToGroup, removeThingFromGroup, updateGroupsOfThing } from "../registry/group-members.js";
import { createThingGroup, updateThingGroup } from "../registry/groups.js";
import {
  createPolicy,
  createPolicyVersion,
  deletePolicy,
  deletePolicyVersion,
  setDefaultPolicyVersion,
} from "../registry/policies.js";
import { createRoleAlias, deleteRoleAlias, updateRoleAlias } from "../registry/role-aliases.js";
import {
  createThingType,
  deleteThingType,
  deprecateThingType,
  updateThingType,
} from "../registry/thing-types.js";
import { createThing, deleteThing, updateThing } from "../registry/things.js";
import {
  createDynamicThingGroup,
  deleteDynamicThingGroup,
  updateDynamicThingGroup,
} from "../search/dynamic-groups.js";
import { updateIndexing } from "../search/update-indexing.js";
import { deleteShadow } from "../shadows/delete-shadow.js";
import { updateShadow } from "../shadows/update-shadow.js";

/**
 * All commands that change the world, by the name that the journal records. A command checks everything before its first
 * change: if it throws an AwsError, it has changed nothing.
 */
const COMMANDS = {
  createThing,
  updateThing,
  deleteThing,
  createThingGroup,
  updateThingGroup,
  deleteThingGroup,
  addThingToGroup,
  removeThingFromGroup,
  updateGroupsOfThing,
  createBillingGroup,
  updateBillingGroup,
  deleteBillingGroup,
  addThingToBillingGroup,
  removeThingFromBillingGroup,
  createDynamicThingGroup,
  updateDynamicThingGroup,
  deleteDynamicThingGroup,
  createThingType,
  updateThingType,
  deprecateThingType,
  deleteThingType,
  updateEventConfigurations,
  updateIndexing,
  indexConnectivity,
  noteConnectivity,
  registerCertificate,
  registerCertificateWithCa,
  registerCertificateWithoutCa,
  updateCertificate,
  deleteCertificate,
  attachThingPrincipal,
  detachThingPrincipal,
  createPolicy,
  createPolicyVersion,
  setDefaultPolicyVersion,
  deletePolicyVersion,
  deletePolicy,
  attachPolicy,
  detachPolicy,
  registerForeignCa,
  updateForeignCa,
  deleteForeignCa,
  createRoleAlias,
  updateRoleAlias,
  deleteRoleAlias,
  createProvisioningTemplate,
  updateProvisioningTemplate,
  deleteProvisioningTemplate,
  createProvisioningTemplateVersion,
  deleteProvisioningTemplateVersion,
  createProvisioningClaim,
  registerPendingCertificate,
  registerThing,
  updateShadow,
  deleteShadow,
  createPackage,
  updatePackage,
  deletePackage,
  createPackageVersion,
  updatePackageVersion,
  deletePackageVersion,
  updatePackageConfiguration,
  createJob,
  updateJob,
  associateTargets,
  cancelJob,
  deleteJob,
  createJobTemplate,
  deleteJobTemplate,
  tagResource,
  untagResource,
  startNextExecution,
  updateExecution,
  cancelExecution,
  deleteExecution,
  tick,
};

type Commands = typeof COMMANDS;
export type CommandName = keyof Commands;
export type CommandInput<N extends CommandName> =
  Parameters<Commands[N]> extends [unknown, infer Input] ? Input : Record<string, never>;
export type CommandOutput<N extends CommandName> = ReturnType<Commands[N]>;

/** Runs a command on `context.world`, then applies its consequences for dynamic groups and jobs. */
export function runCommand<N extends CommandName>(context: CommandContext, name: N, input: CommandInput<N>) {
  const command = COMMANDS[name] as unknown as (
    context: CommandContext,
    input: CommandInput<N>,
  ) => CommandOutput<N>;
  const output = command(context, input);
  applyConsequences(context);
  return output;
}

export function isCommandName(name: unknown): name is CommandName {
  return typeof name === "string" && Object.hasOwn(COMMANDS, name);
}
