/** Weights of an encoder on the hub, as far as they can be told beforehand. */
export interface Weights {
  readonly name: string;
  /** Owner and name on the hub. */
  readonly repository: string;
  /** Files to fetch; the first name of each list that the repository has. */
  readonly files: readonly (readonly string[])[];
  /** What a user should know before relying on them. */
  readonly warning?: string;
}

const clapFiles = [
  ["config.json"],
  ["preprocessor_config.json"],
  ["model.safetensors", "pytorch_model.bin"],
];

/** The encoders' published weights: the paper's three, and CLAP's others. */
export const publishedWeights: readonly Weights[] = [
  {
    name: "sslam",
    repository: "ta012/SSLAM_pretrain",
    files: [["config.json"], ["model.safetensors"]],
  },
  {
    name: "clap-general",
    repository: "laion/larger_clap_general",
    files: clapFiles,
  },
  {
    name: "clap-music-speech",
    repository: "laion/larger_clap_music_and_speech",
    files: clapFiles,
  },
  {
    name: "clap-htsat-unfused",
    repository: "laion/clap-htsat-unfused",
    files: clapFiles,
  },
  {
    name: "clap-music",
    repository: "laion/larger_clap_music",
    files: clapFiles,
    warning:
      "laion/larger_clap_music is known to be broken: its embeddings " +
      "are nearly the same for every input; the paper does not use it",
  },
];

/** Weights by our name or by their repository on the hub. */
export function weightsNamed(name: string): Weights {
  const found = publishedWeights.find(
    (weights) => weights.name === name || weights.repository === name,
  );
  if (found === undefined) {
    const known = publishedWeights.map((weights) => weights.name).join(", ");
    throw new RangeError(
      `weightsNamed: expected one of ${known}, got "${name}"`,
    );
  }
  return found;
}
