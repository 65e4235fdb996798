/** Downloads that are verified and go on. */
export { fetchFromHub, weightsFolder } from "./fetch.ts";
export { fetchFromPypi } from "./fetch-pypi.ts";
export { pipIndexes } from "./pip-settings.ts";
