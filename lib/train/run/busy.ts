/** A run's folder in which another process is at work. */
export class Busy extends Error {}
