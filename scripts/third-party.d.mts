export interface ThirdParty {
  name: string;
  version: string;
  license: string;
  texts: readonly string[];
}
export function noticesOf(packages: readonly ThirdParty[]): string;
