/**
 * An error answer of AWS. `code` is in the service's own spelling; each protocol (REST JSON, S3 XML, rejected over MQTT)
 * writes it in its own form.
 */
export class AwsError extends Error {
  override readonly name = "AwsError";
  readonly code: string;
  /** HTTP status. */
  readonly status: number;
  /** Members in addition to the message, such as `resourceId` of ResourceAlreadyExistsException. */
  readonly extra: Readonly<Record<string, string>>;

  constructor(code: string, status: number, message: string, extra: Readonly<Record<string, string>> = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.extra = extra;
  }
}

// The names and HTTP statuses of AWS IoT. Source: API models of iot 2015-05-28 and iot-jobs-data 2017-09-29.

export function invalidRequest(message: string): AwsError {
  return new AwsError("InvalidRequestException", 400, message);
}

/** Refuses what AWS has and the stand-in lacks: it never accepts a request and ignores part of it. */
export function notSupported(what: string): AwsError {
  return invalidRequest(`fota local does not support ${what}`);
}

export function notFound(message: string): AwsError {
  return new AwsError("ResourceNotFoundException", 404, message);
}

export function alreadyExists(message: string, resourceId: string, resourceArn: string): AwsError {
  return new AwsError("ResourceAlreadyExistsException", 409, message, { resourceId, resourceArn });
}

export function invalidStateTransition(message: string): AwsError {
  return new AwsError("InvalidStateTransitionException", 409, message);
}

export function versionConflict(message: string): AwsError {
  return new AwsError("VersionConflictException", 409, message);
}

/** The resource exists already, or its state does not allow the change. */
export function conflict(message: string, resourceId: string): AwsError {
  return new AwsError("ConflictException", 409, message, { resourceId });
}

/** The device's policies do not allow the action. */
export function forbidden(message: string): AwsError {
  return new AwsError("ForbiddenException", 403, message);
}

/** The index lacks the requested data. */
export function indexNotReady(message: string): AwsError {
  return new AwsError("IndexNotReadyException", 400, message);
}

/** A device asked for an execution that has ended. */
export function terminalState(message: string): AwsError {
  return new AwsError("TerminalStateException", 410, message);
}

export function limitExceeded(message: string): AwsError {
  return new AwsError("LimitExceededException", 410, message);
}

/** The certificate is in use and cannot be deleted. */
export function certificateState(message: string): AwsError {
  return new AwsError("CertificateStateException", 406, message);
}

/** Other resources still use what was to be deleted. */
export function deleteConflict(message: string): AwsError {
  return new AwsError("DeleteConflictException", 409, message);
}

/** A certificate that a client registers cannot be used. */
export function certificateValidation(message: string): AwsError {
  return new AwsError("CertificateValidationException", 400, message);
}

/** The verification certificate of a CA does not prove that its owner asked for the registration. */
export function registrationCodeValidation(message: string): AwsError {
  return new AwsError("RegistrationCodeValidationException", 400, message);
}
