import { type Checkpoint, openCheckpoint } from "../checkpoint/checkpoint.ts";
import { shown } from "../hub/shown.ts";
import { headerJson, headerLines } from "./inspect-header.ts";
import { type Inspected, inspectTensor } from "./inspect-tensor.ts";
import { readCommandLine } from "./options.ts";

const usage = `npm run pal -- inspect FILE|FOLDER [--json] [--values N]

Opens a checkpoint as the kit reads it (safetensors, .pt, .pth, .bin, .gguf, an
index of several files, or the folder of one) and says of each tensor its name,
type and shape, its least, greatest and mean number, and the first numbers, row
by row. Fractions are read as float32, whole numbers as int32; of a GGUF file,
its header is told first. Nothing in the file is run, and one tensor at a time
is in memory.

  --json      {"tensors": [{"name", "dtype", "shape", "min", "max", "mean",
              "values"}]}; a tensor without numbers has null for min, max and
              mean; "NaN", "Infinity" and "-Infinity" are strings; a number
              that is NaN makes min, max and mean "NaN". What is refused stands
              in "refused": [{"name", "reason"}], a GGUF file's header in
              "header", its lists as {"length", "values"}
  --values N  how many numbers of each tensor or list (8 unless given)
  --part KEY  what of a PyTorch file that holds several things: a key of its
              dict, or a place in its tuple, 0

Exit code: 0 fine, 1 if the checkpoint or a tensor is refused, 2 wrong options.`;

/** Prints what a checkpoint holds. */
export async function inspect(args: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = readOptions(args);
  } catch (error) {
    console.error((error as Error).message);
    return 2;
  }
  if (options.help) {
    console.log(usage);
    return 0;
  }
  const print = options.json ? jsonPrinter() : linePrinter();
  let checkpoint: Checkpoint;
  try {
    checkpoint = await openCheckpoint(options.path, { part: options.part });
  } catch (error) {
    print.refused(options.path, (error as Error).message);
    print.end();
    return 1;
  }
  try {
    const { header } = checkpoint;
    if (header) print.header(header, options.first);
    return await inspectAll(checkpoint, options.first, print);
  } finally {
    print.end();
    await checkpoint.close();
  }
}

/** One tensor after the other; 1 where any was refused. */
async function inspectAll(
  { read, tensors }: Checkpoint,
  first: number,
  print: Printer,
): Promise<number> {
  let code = 0;
  for (const [name, info] of tensors) {
    try {
      const { values } = await read(name);
      print.tensor(inspectTensor(name, info, { values, first }));
    } catch (error) {
      code = 1;
      print.refused(name, (error as Error).message);
    }
  }
  return code;
}

interface Options {
  readonly help: boolean;
  readonly path: string;
  readonly json: boolean;
  readonly first: number;
  readonly part: string | undefined;
}

function readOptions(args: readonly string[]): Options {
  const { positionals, values } = readCommandLine("inspect", {
    args: [...args],
    allowPositionals: true,
    options: {
      help: { type: "boolean", short: "h", default: false },
      json: { type: "boolean", default: false },
      part: { type: "string" },
      values: { type: "string", default: "8" },
    },
  });
  const { help, json, part } = values;
  const [path, ...rest] = positionals;
  if (!help && (path === undefined || rest.length > 0)) {
    throw new RangeError(
      `inspect: expected one file or folder, got "${args.join(" ")}"; ` +
        "--help tells more",
    );
  }
  const first = Number(values.values);
  if (!/^\d+$/.test(values.values) || !Number.isSafeInteger(first)) {
    throw new RangeError(
      `inspect: expected --values as a whole number from 0 on, ` +
        `got "${values.values}"`,
    );
  }
  return { help, path: path ?? "", json, first, part };
}

interface Printer {
  header(header: NonNullable<Checkpoint["header"]>, first: number): void;
  tensor(row: Inspected): void;
  refused(name: string, reason: string): void;
  end(): void;
}

/** Lines for people: a file's words come without control characters. */
function linePrinter(): Printer {
  let [tensors, refused] = [0, 0];
  return {
    header: (header, first) => {
      for (const line of headerLines(header, first)) console.log(line);
    },
    tensor: ({ dtype, max, mean, min, name, shape, values }) => {
      tensors++;
      console.log(
        `${shown(name)}  ${dtype} [${shape.join(", ")}]  ` +
          (min === null ? "no number" : `min ${min}  max ${max}  mean ${mean}`),
      );
      if (values.length > 0) console.log(`  ${values.join(", ")}`);
    },
    refused: (name, reason) => {
      refused++;
      console.error(`refused: ${shown(name)}: ${shown(reason, 2000)}`);
    },
    end: () => console.log(`${tensors} tensors, ${refused} refused`),
  };
}

/** One object, written as it grows. */
function jsonPrinter(): Printer {
  const refused: { readonly name: string; readonly reason: string }[] = [];
  let before = '{"tensors": [';
  return {
    header: (header, first) => {
      const written = JSON.stringify(headerJson(header, first));
      before = `{"header": ${written}, "tensors": [`;
    },
    tensor: (row) => {
      process.stdout.write(`${before}\n${JSON.stringify(row)}`);
      before = ",";
    },
    refused: (name, reason) => {
      refused.push({ name, reason });
      console.error(`refused: ${shown(name)}: ${shown(reason, 2000)}`);
    },
    end: () => {
      const start = before === "," ? "" : before;
      const rest =
        refused.length > 0 ? `, "refused": ${JSON.stringify(refused)}` : "";
      process.stdout.write(`${start}\n]${rest}}\n`);
    },
  };
}
