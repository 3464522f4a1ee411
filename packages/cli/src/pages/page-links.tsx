import { createContext } from "preact";

/** Returns the addresses of the pages of jobs and things. */
interface Links {
  job(jobId: string): string;
  thing(thingName: string): string;
}

/** Provides links to the names of jobs and things; without it, as in a file, names are text. */
export const PageLinks = createContext<Links | undefined>(undefined);

/** Shows the id of a job, with a link to its page where there is one. */
export function JobName({ jobId }: { jobId: string }) {
  return (
    <PageLinks.Consumer>
      {(links) => (links === undefined ? jobId : <a href={links.job(jobId)}>{jobId}</a>)}
    </PageLinks.Consumer>
  );
}

/** Shows the name of a thing, with a link to its page where there is one. */
export function ThingName({ name }: { name: string }) {
  return (
    <PageLinks.Consumer>
      {(links) => (links === undefined ? name : <a href={links.thing(name)}>{name}</a>)}
    </PageLinks.Consumer>
  );
}
