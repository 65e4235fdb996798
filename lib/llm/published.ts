import { readConfig } from "../checkpoint/config-fields.ts";

/** A file that must be this one and no other. */
interface Pinned {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A Python package that holds a model as GGUF, for where no hub is reached. */
export interface GgufPackage extends Pinned {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** Within the package. */
  readonly gguf: Pinned;
  /** model.safetensors, as it is written from the GGUF. */
  readonly weights: Omit<Pinned, "file">;
}

/** A language model that others have published. */
export interface PublishedLlm {
  readonly name: string;
  readonly title: string;
  readonly license: string;
  readonly copyright: string;
  /** Owner and name on the hub. */
  readonly repository: string;
  readonly megabytes: number;
  /** Of each list the first name that the repository has. */
  readonly files: readonly (readonly string[])[];
  /** Fetched where the repository has them. */
  readonly also: readonly string[];
  readonly package: GgufPackage;
}

/** The published language models of a manifest, a JSON file. */
export function readLlmManifest(path: string): readonly PublishedLlm[] {
  const { models } = readConfig("readLlmManifest", path) ?? {};
  const isList = Array.isArray(models) && models.every((model) => model?.name);
  if (isList) return models;
  throw new Error(
    `readLlmManifest: expected a manifest with models, got none at ${path}`,
  );
}
