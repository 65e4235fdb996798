import type { Checkpoint } from "../../checkpoint/checkpoint.ts";
import type { Renamed, Shapes } from "../../checkpoint/match.ts";
import { type Reader, readModel } from "../../checkpoint/reader.ts";
import type { Sslam, SslamBlock, SslamConfig } from "../sslam.ts";

/** What files hold besides the encoder: decoders, averages, classifiers. */
const besides = /^(decoder|recon_proj|_ema|fc_norm|head)(\.|$)/;

const positions = "fixed_positional_encoder.positions";

/**
 * Name of an encoder's tensor in the hub's file, without its leading "model.";
 * undefined for tensors that are not the encoder's.
 *
 * Takes the hub's names and fairseq's, pretrained or finetuned.
 */
export function sslamName(name: string): string | undefined {
  const bare = name
    .replace(/^model\./, "")
    .replace(/^modality_encoders\.IMAGE\./, "")
    .replace(/^context_encoder\.norm\./, "pre_norm.");
  return besides.test(bare) ? undefined : bare;
}

/** Reads SSLAM from a checkpoint of its hub repository or of fairseq. */
export async function loadSslam(
  checkpoint: Checkpoint,
  config: SslamConfig,
): Promise<Sslam> {
  return readModel(checkpoint, {
    caller: "loadSslam",
    rename: sslamName,
    wanted: (found) => sslamShapes(config, found),
    build: (reader) => buildSslam(reader, config),
  });
}

/** Names and shapes of the encoder's tensors. */
export function sslamShapes(
  config: SslamConfig,
  found: Renamed["tensors"] = new Map(),
): Shapes {
  const { melBands, mlpWidth, nLayers, patch, width: E } = config;
  const affine = (name: string, from: number, to: number) =>
    [
      [`${name}.weight`, [to, from]],
      [`${name}.bias`, [to]],
    ] as const;
  const norm = (name: string) =>
    [
      [`${name}.weight`, [E]],
      [`${name}.bias`, [E]],
    ] as const;
  const block = (i: number) => [
    ...affine(`blocks.${i}.attn.qkv`, E, 3 * E),
    ...affine(`blocks.${i}.attn.proj`, E, E),
    ...norm(`blocks.${i}.norm1`),
    ...norm(`blocks.${i}.norm2`),
    ...affine(`blocks.${i}.mlp.fc1`, E, mlpWidth),
    ...affine(`blocks.${i}.mlp.fc2`, mlpWidth, E),
  ];
  const bands = melBands / patch;
  // Files differ in how many positions they store; a prefix is used.
  const [, stored] = found.get(positions)?.shape ?? [];
  const nPositions = stored % bands === 0 ? stored : config.maxSteps * bands;
  return new Map<string, readonly number[]>([
    ["local_encoder.proj.weight", [E, 1, patch, patch]],
    ["local_encoder.proj.bias", [E]],
    ["extra_tokens", [1, 1, E]],
    [positions, [1, nPositions, E]],
    ...norm("pre_norm"),
    ...Array.from({ length: nLayers }, (_, i) => block(i)).flat(),
  ]);
}

async function buildSslam(
  { affine, norm, rows }: Reader,
  { nLayers, width }: SslamConfig,
): Promise<Sslam> {
  const block = async (i: number): Promise<SslamBlock> => ({
    attention: {
      queryKeyValue: await affine(`blocks.${i}.attn.qkv`),
      output: await affine(`blocks.${i}.attn.proj`),
    },
    attentionNorm: await norm(`blocks.${i}.norm1`),
    mlp: {
      up: await affine(`blocks.${i}.mlp.fc1`),
      down: await affine(`blocks.${i}.mlp.fc2`),
    },
    mlpNorm: await norm(`blocks.${i}.norm2`),
  });
  const blocks: SslamBlock[] = [];
  for (let i = 0; i < nLayers; i++) blocks.push(await block(i));
  return {
    patch: await affine("local_encoder.proj"),
    positions_PE: await rows(positions, width),
    leading_1E: await rows("extra_tokens", width),
    inputNorm: await norm("pre_norm"),
    blocks,
  };
}
