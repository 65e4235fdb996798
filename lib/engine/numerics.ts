import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";

/**
 * What the last bits of a result depend on besides code and seed: part of a
 * run's record, and of the key under which a result is found again.
 */
export interface Numerics {
  readonly processor: string;
  /** The widest vectors that are used: AVX-512, AVX2, or the architecture. */
  readonly instructions: string;
  readonly threads: number;
  /** Whether TensorFlow computes by oneDNN; "default" is its own choice. */
  readonly oneDnn: "on" | "off" | "default" | "absent";
  /** Whether what differs between machines is fixed, see `portable`. */
  readonly isPortable: boolean;
}

type Environment = Record<string, string | undefined>;

/**
 * Settings of TensorFlow under which one core and two give the same bytes, and
 * wider vectors than AVX2 are not used.
 *
 * It splits work by its number of threads, and without oneDNN sums then round
 * in another order. Between kinds of processor it is a cap and not yet a
 * proof.
 */
export const portable: Readonly<Record<string, string>> = {
  TF_NUM_INTRAOP_THREADS: "2",
  TF_NUM_INTEROP_THREADS: "2",
  TF_ENABLE_ONEDNN_OPTS: "0",
  ONEDNN_MAX_CPU_ISA: "AVX2",
  XLA_FLAGS: "--xla_cpu_max_isa=AVX2",
};

/** Gives the settings to TensorFlow, but for those that the user has set. */
export function applySettings(
  settings: Readonly<Record<string, string>>,
  environment: Environment,
): void {
  for (const [name, value] of Object.entries(settings)) {
    environment[name] ??= value;
  }
}

/**
 * What `npm run setup` measured to be fastest on this processor, if it did.
 *
 * @param file - beside the engine's binding
 * @throws Error for a file that is not what set-up writes
 */
export function measuredSettings(file: string): Record<string, string> {
  if (!existsSync(file)) return {};
  try {
    const { chosen, machine } = JSON.parse(readFileSync(file, "utf8"));
    const isHere =
      machine.processor === processorName() &&
      machine.threads === availableParallelism();
    return isHere ? { ...chosen } : {};
  } catch (cause) {
    throw new Error(
      `measuredSettings: expected what set-up measured, got a damaged file ` +
        `(${file}); run npm run setup -- --measure`,
      { cause },
    );
  }
}

/** What TensorFlow computes with, once its settings are given. */
export function tensorflowNumerics(environment: Environment): Numerics {
  const { ONEDNN_MAX_CPU_ISA: cap, TF_ENABLE_ONEDNN_OPTS: asked } = environment;
  const threads = Number(environment.TF_NUM_INTRAOP_THREADS);
  return {
    processor: processorName(),
    instructions: cap ?? instructionSet(),
    threads: threads > 0 ? threads : availableParallelism(),
    oneDnn: asked === undefined ? "default" : asked === "0" ? "off" : "on",
    isPortable: Object.entries(portable).every(
      ([name, value]) => environment[name] === value,
    ),
  };
}

/** What an engine without settings computes with. */
export function plainNumerics(threads: number): Numerics {
  return {
    processor: processorName(),
    instructions: process.arch,
    threads,
    oneDnn: "absent",
    isPortable: false,
  };
}

export function processorName(): string {
  return cpus()[0]?.model.trim() ?? "unknown";
}

/** The widest vectors of this processor, as far as the system tells. */
export function instructionSet(cpuinfo = "/proc/cpuinfo"): string {
  if (!existsSync(cpuinfo)) return process.arch;
  const flags = /^flags\s*:\s*(.*)$/m.exec(readFileSync(cpuinfo, "utf8"));
  const has = new Set(flags?.[1].split(" "));
  if (has.has("avx512f")) return "AVX-512";
  if (has.has("avx2")) return "AVX2";
  return process.arch;
}
