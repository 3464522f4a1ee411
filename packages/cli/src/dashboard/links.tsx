/** Links to the page of a job. */
export function JobLink({ jobId }: { jobId: string }) {
  return <a href={jobPath(jobId)}>{jobId}</a>;
}

/** Links to the page of a thing. */
export function ThingLink({ name }: { name: string }) {
  return <a href={thingPath(name)}>{name}</a>;
}

export function jobPath(jobId: string): string {
  return `/jobs/${encodeURIComponent(jobId)}`;
}

export function thingPath(name: string): string {
  return `/things/${encodeURIComponent(name)}`;
}
