export interface Page {
  name: string;
  summary: string;
  sections: readonly (readonly [heading: string, text: string])[];
  version: string;
  epochSeconds: number;
}
export function manPage(page: Page): Buffer;
