/** Weights on the hub, as far as they can be told beforehand. */
export interface Weights {
  readonly name: string;
  /** Owner and name on the hub. */
  readonly repository: string;
  /** Files to fetch; the first name of each list that the repository has. */
  readonly files: readonly (readonly string[])[];
  /** Files to fetch where the repository has them. */
  readonly also?: readonly string[];
  /** What a user should know before relying on them. */
  readonly warning?: string;
}
