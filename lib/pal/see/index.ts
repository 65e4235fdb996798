/** What happens inside: hooks, recordings. */
export { type HookPoint, hookPoints } from "./hooks.ts";
export {
  planRecording,
  type Recording,
  type RecordOptions,
  record,
} from "./recording.ts";
