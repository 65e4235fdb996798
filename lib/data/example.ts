/** One question about one sound, with its answer: a row to train or test on. */
export interface Example {
  /** Names the row within its set. */
  readonly id: string;
  /** Names the sound: what `Features` is asked for. */
  readonly audio: string;
  readonly question: string;
  readonly answer: string;
  /** What kind of question it is: scores are counted by it. */
  readonly task: string;
  /** Which set of sounds it belongs to: trained, held out and so on. */
  readonly set: string;
}
