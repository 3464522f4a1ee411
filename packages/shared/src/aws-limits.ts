/**
 * AWS's limits that both ends meet. Sources: AWS IoT API Reference (the API models of iot 2015-05-28 and iot-jobs-data
 * 2017-09-29), AWS General Reference, "AWS IoT Device Management endpoints and quotas", and the S3 API Reference.
 */

/** CreateJob, jobId. */
export const JOB_ID_MAX_LENGTH = 64;
export const JOB_ID_PATTERN = /^[a-zA-Z0-9_-]+$/;
/** Legal for CreateJob, but a device's request about such a job has the topic of another request. */
export const UNUSABLE_JOB_IDS: readonly string[] = ["get", "start-next", "notify", "notify-next"];

/** CreateThing, thingName; thing group names have the same rule. */
export const THING_NAME_MAX_LENGTH = 128;
export const THING_NAME_PATTERN = /^[a-zA-Z0-9:_-]+$/;

/** CreateJob, document: characters. */
export const JOB_DOCUMENT_MAX_LENGTH = 32_768;
/** Quota: targets of one job. */
export const JOB_TARGETS_MAX = 100;
/** CreateJob, description: characters, none of them a control character. */
export const JOB_DESCRIPTION_MAX_LENGTH = 2_028;
/** CreateJob, tags. */
export const TAGS_MAX = 50;
/** CreateJob, jobExecutionsRolloutConfig: things a minute; the highest is also what AWS takes where nothing is said. */
export const ROLLOUT_MAX_PER_MINUTE = 1_000;
/** CreateJob, jobExecutionsRetryConfig: retries of one thing, all failure types together. */
export const RETRIES_MAX = 10;
/** CreateJob, timeoutConfig, inProgressTimeoutInMinutes. */
export const IN_PROGRESS_TIMEOUT_MAX_MINUTES = 10_080;
/** List operations: most items in one page. */
export const LIST_PAGE_MAX = 250;

/** statusDetails of a job execution: pairs, and characters of a key and of a value. */
export const STATUS_DETAILS_MAX_PAIRS = 10;
export const STATUS_DETAILS_KEY_MAX_LENGTH = 128;
export const STATUS_DETAILS_KEY_PATTERN = /^[a-zA-Z0-9:_-]+$/;
export const STATUS_DETAILS_VALUE_MAX_LENGTH = 1_024;

/** UpdateJobExecution, stepTimeoutInMinutes; -1 drops the timer. */
export const STEP_TIMEOUT_MAX_MINUTES = 10_080;

/** GetPendingJobExecutions and notifications show at most so many executions, and 5 more with maintenance windows. */
export const PENDING_EXECUTIONS_SHOWN_MAX = 10;

/** SigV4 query signing, X-Amz-Expires. */
export const PRESIGN_MAX_SECONDS = 604_800;
/** PresignedUrlConfig, expiresInSec. */
export const IOT_PRESIGN_MIN_SECONDS = 60;
export const IOT_PRESIGN_MAX_SECONDS = 3_600;

/** S3: bytes that one PutObject takes. */
export const S3_PUT_MAX_BYTES = 5 * 1024 ** 3;

/** AWS IoT message broker: bytes of a topic, and of a payload. */
export const MQTT_TOPIC_MAX_BYTES = 256;
export const MQTT_PAYLOAD_MAX_BYTES = 128 * 1024;
