/** Returns the path of the page of a job. */
export function jobPath(jobId: string): string {
  return `/jobs/${encodeURIComponent(jobId)}`;
}

/** Returns the path of the page of a thing. */
export function thingPath(name: string): string {
  return `/things/${encodeURIComponent(name)}`;
}
