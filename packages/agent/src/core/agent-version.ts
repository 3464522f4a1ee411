/** Version of this package. `npm run release` changes it with package.json. */
export const AGENT_VERSION = "0.1.0";
