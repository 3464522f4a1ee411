export { type Advice, commandLine, type Hint, hintAnd, hintText, shellWord } from "./advice.js";
export type { AgentConfig } from "./agent-config.js";
export * from "./aws-limits.js";
export { certificateRequest } from "./certificate-request.js";
export {
  COPY_PAYLOAD_BYTES,
  FRAME_COPY,
  FRAME_DEFLATED,
  FRAME_DELTA,
  FRAME_HEADER_BYTES,
  FRAME_STORED,
  type Inflate,
  opsBytesMax,
  parseFrameHeader,
  type ReadOld,
} from "./delta/frame.js";
export {
  DELTA_FRAME_BYTES_MAX,
  DELTA_FRAME_BYTES_MIN,
  DELTA_HEADER_BYTES,
  type DeltaHeader,
  encodeDeltaHeader,
  type ImageId,
  parseDeltaHeader,
  putNumber,
} from "./delta/header.js";
export {
  type PatchPosition,
  PatchReader,
  type PatchReaderOptions,
  type StoreImage,
} from "./delta/patch-reader.js";
export {
  decodeBase64,
  KEY_ID_PATTERN,
  PUBLIC_KEY_PATTERN,
  publicKeyFault,
  SIGNATURE_PATTERN,
} from "./ed25519-key.js";
export { FotaError, type FotaErrorOptions, hintOf, isFotaError, messageOf } from "./errors.js";
export { ERROR_CODES, type ErrorCode, USAGE_ERROR_CODES } from "./fota-error-codes.js";
export {
  IMAGE_URL_MAX_LENGTH,
  type ImageUrl,
  imageHost,
  isImageUrl,
  isLoopbackHost,
  isPresignPlaceholder,
  parseImageUrl,
} from "./image-url.js";
export { decodeInventory, INVENTORY_SHADOW, type Inventory } from "./inventory.js";
export {
  DELTAS_MAX,
  type DocumentDelta,
  type DocumentImage,
  type DocumentSignature,
  FOTA_OPERATION,
  imagesOf,
  isFotaDocument,
  type JobDocument,
  type KeySetLink,
  parsePlainDocument,
} from "./job-document.js";
export {
  type DescribeJobExecutionRequest,
  type DescribeJobExecutionResponse,
  type GetPendingJobExecutionsResponse,
  isTerminal,
  JOB_EXECUTION_STATUSES,
  JOB_STATUSES,
  type JobExecution,
  type JobExecutionState,
  type JobExecutionStatus,
  type JobExecutionSummary,
  type JobStatus,
  REJECTED_CODES,
  type RejectedCode,
  type RejectedResponse,
  type ReportedStatus,
  type StatusDetails,
  type UpdateJobExecutionRequest,
  type UpdateJobExecutionResponse,
} from "./jobs-api.js";
export {
  type JobsRequest,
  matchJobsTopic,
  NEXT_JOB_ID,
  notifyNextTopic,
  notifyTopic,
  requestTopic,
} from "./jobs-topics.js";
export {
  checkKeySet,
  type KeyRole,
  type KeySet,
  keySetOf,
  keySetStatement,
  type PublicKeys,
  rootRole,
} from "./key-set.js";
export { type FolderTools, makeFolders } from "./make-folders.js";
export { nearestOf } from "./nearest.js";
export { openFilesLimit } from "./open-files.js";
export { printable, printableLines } from "./printable.js";
export {
  matchProvisioningTopic,
  type ProvisioningRequest,
  provisioningTopic,
} from "./provisioning-topics.js";
export { assumeHttp, hideLogin, type ProxyUrl, parseProxyUrl } from "./proxy-url.js";
export type { Schema, SchemaOf } from "./schema.js";
export { schemaFaults } from "./schema-faults.js";
export { matchShadowTopic, type ShadowId, type ShadowOperation, shadowTopic } from "./shadow-topics.js";
export { followKeyLinks, signatureFault, signersOf, type VerifyEd25519 } from "./signatures.js";
export { jobDocumentSchema, parseJobDocument, parseKeySetLinks } from "./signed-document.js";
export { signedStatement } from "./signed-statement.js";
export type { LockTools } from "./socket-lock/lock-tools.js";
export { withSocketPath } from "./socket-lock/socket-path.js";
export { isSocketLocked, type LockResult, takeSocketLock } from "./socket-lock/take-socket-lock.js";
export {
  CAUSES,
  type Cause,
  type DownloadPath,
  decodeStatusDetails,
  encodeStatusDetails,
  statusDetailsFault,
  UPDATE_PHASES,
  type UpdatePhase,
  type UpdateReport,
} from "./status-details.js";
export { compareVersions, VERSION_MAX_LENGTH, VERSION_PATTERN } from "./version.js";
