/**
 * AWS's limits. Sources: AWS IoT API Reference (API models iot 2015-05-28 and iot-jobs-data 2017-09-29), AWS General
 * Reference, "AWS IoT Device Management endpoints and quotas", and the S3 API Reference.
 */

/** CreateJob, jobId. */
export const JOB_ID_MAX_LENGTH = 64;
export const JOB_ID_PATTERN = /^[a-zA-Z0-9_-]+$/;
/** Valid for CreateJob, but requests of devices about such a job have the topic of another request. */
export const UNUSABLE_JOB_IDS: readonly string[] = ["get", "start-next", "notify", "notify-next"];

/** CreateThing, thingName. Names of thing groups have the same limits. */
export const THING_NAME_MAX_LENGTH = 128;
export const THING_NAME_PATTERN = /^[a-zA-Z0-9:_-]+$/;

/** CreateJob, document, in characters. */
export const JOB_DOCUMENT_MAX_LENGTH = 32_768;
/** Quota, targets of one job. */
export const JOB_TARGETS_MAX = 100;
/** CreateJob, description, in characters. Control characters are not allowed. */
export const JOB_DESCRIPTION_MAX_LENGTH = 2_028;
/** CreateJob, tags. */
export const TAGS_MAX = 50;
/** CreateJob, jobExecutionsRolloutConfig, in things per minute. The maximum is also the default. */
export const ROLLOUT_MAX_PER_MINUTE = 1_000;
/** CreateJob, jobExecutionsRetryConfig: retries of one thing, for all failure types together. */
export const RETRIES_MAX = 10;
/** CreateJob, timeoutConfig, inProgressTimeoutInMinutes. */
export const IN_PROGRESS_TIMEOUT_MAX_MINUTES = 10_080;
/** List operations, items in one page. */
export const LIST_PAGE_MAX = 250;

/** statusDetails of a job execution: number of pairs, and length of keys and values in characters. */
export const STATUS_DETAILS_MAX_PAIRS = 10;
export const STATUS_DETAILS_KEY_MAX_LENGTH = 128;
export const STATUS_DETAILS_KEY_PATTERN = /^[a-zA-Z0-9:_-]+$/;
export const STATUS_DETAILS_VALUE_MAX_LENGTH = 1_024;

/** UpdateJobExecution, stepTimeoutInMinutes. -1 removes the timer. */
export const STEP_TIMEOUT_MAX_MINUTES = 10_080;

/** Executions in GetPendingJobExecutions and in notifications. AWS shows 5 more for jobs with maintenance windows. */
export const PENDING_EXECUTIONS_SHOWN_MAX = 10;

/** SigV4 query signing, X-Amz-Expires. */
export const PRESIGN_MAX_SECONDS = 604_800;
/** PresignedUrlConfig, expiresInSec. */
export const IOT_PRESIGN_MIN_SECONDS = 60;
export const IOT_PRESIGN_MAX_SECONDS = 3_600;

/** S3: size of one PutObject in bytes. */
export const S3_PUT_MAX_BYTES = 5 * 1024 ** 3;

/** AWS IoT message broker: size of a topic and of a payload in bytes. */
export const MQTT_TOPIC_MAX_BYTES = 256;
export const MQTT_PAYLOAD_MAX_BYTES = 128 * 1024;
