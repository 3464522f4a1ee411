/** S3's errors, in the spelling of its API Reference ("Error responses"). */
import { AwsError } from "../errors.js";

/** An error with additional headers. */
export class S3Error extends AwsError {
  readonly headers: Readonly<Record<string, string>>;

  constructor({ code, status, message, extra }: AwsError, headers: Readonly<Record<string, string>>) {
    super(code, status, message, extra);
    this.headers = headers;
  }
}

export function noSuchBucket(bucket: string): AwsError {
  return new AwsError("NoSuchBucket", 404, "The specified bucket does not exist", { BucketName: bucket });
}

export function noSuchKey(key: string): AwsError {
  return new AwsError("NoSuchKey", 404, "The specified key does not exist.", { Key: key });
}

export function noSuchUpload(uploadId: string): AwsError {
  return new AwsError(
    "NoSuchUpload",
    404,
    "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
    { UploadId: uploadId },
  );
}

export function accessDenied(): AwsError {
  return new AwsError("AccessDenied", 403, "Access Denied");
}

export function invalidRequest(message: string): AwsError {
  return new AwsError("InvalidRequest", 400, message);
}

export function invalidArgument(message: string, name: string, value: string): AwsError {
  return new AwsError("InvalidArgument", 400, message, { ArgumentName: name, ArgumentValue: value });
}

export function malformedXml(): AwsError {
  return new AwsError(
    "MalformedXML",
    400,
    "The XML you provided was not well-formed or did not validate against our published schema",
  );
}

export function preconditionFailed(condition: string): AwsError {
  return new AwsError(
    "PreconditionFailed",
    412,
    "At least one of the pre-conditions you specified did not hold",
    {
      Condition: condition,
    },
  );
}

export function conditionalRequestConflict(condition: string, key: string): AwsError {
  return new AwsError(
    "ConditionalRequestConflict",
    409,
    "The conditional request cannot succeed due to a conflicting operation against this resource.",
    { Condition: condition, Key: key },
  );
}

export function badDigest(message: string): AwsError {
  return new AwsError("BadDigest", 400, message);
}

export function incompleteBody(): AwsError {
  return new AwsError(
    "IncompleteBody",
    400,
    "You did not provide the number of bytes specified by the Content-Length HTTP header",
  );
}

/** Refuses what S3 has and the stand-in lacks: it never accepts a request and ignores part of it. */
export function notImplemented(what: string): AwsError {
  return new AwsError(
    "NotImplemented",
    501,
    `fota local does not support ${what}; it covers only the part of S3 that image downloads need`,
  );
}
