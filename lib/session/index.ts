/** What a notebook begins with. */
export { type Session, startSession } from "./session.ts";
