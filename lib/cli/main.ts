#!/usr/bin/env node
/** `npm run pal -- <command> ...`: finds the command, prints, exits. */
import { endWithReader, faultLine } from "./fault.ts";
import { meant } from "./options.ts";

interface Command {
  readonly summary: string;
  /** Loads the command and runs it, `--help` too; resolves to the exit code. */
  readonly run: (args: readonly string[]) => Promise<number>;
}

const commands: Readonly<Record<string, Command>> = {
  ask: {
    summary: "ask a language model alone, or a trained design about a sound",
    run: async (args) => (await import("./ask.ts")).ask(args),
  },
  cost: {
    summary: "what the designs cost, side by side, by formula",
    run: async (args) => (await import("./cost.ts")).cost(args),
  },
  engine: {
    summary: "which engine PAL_ENGINE (or auto) gives, and why",
    run: async (args) => (await import("./engine.ts")).engine(args),
  },
  features: {
    summary: "compute and keep an encoder's features of a folder of sounds",
    run: async (args) => (await import("./features.ts")).features(args),
  },
  fetch: {
    summary: "download an encoder's or a language model's weights, verified",
    run: async (args) => (await import("./fetch.ts")).fetchWeights(args),
  },
  grid: {
    summary: "train designs x seeds through the stages; goes on if stopped",
    run: async (args) => (await import("./grid.ts")).grid(args),
  },
  inspect: {
    summary: "what a checkpoint holds, tensor by tensor; nothing of it runs",
    run: async (args) => (await import("./inspect.ts")).inspect(args),
  },
  pretrain: {
    summary: "make a model of the lab world from nothing; goes on if stopped",
    run: async (args) => (await import("./pretrain.ts")).pretrain(args),
  },
  render: {
    summary: "make the lab world's clips, each with what is true of it",
    run: async (args) => (await import("./render.ts")).render(args),
  },
  train: {
    summary: "train a design through the paper's stages; goes on if stopped",
    run: async (args) => (await import("./train.ts")).train(args),
  },
};

function help(): string {
  const rows = Object.entries(commands).map(
    ([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`,
  );
  const more = "npm run pal -- <command> --help tells more of a command.";
  return ["npm run pal -- <command>", "", ...rows, "", more].join("\n");
}

const helpWords: readonly (string | undefined)[] = ["help", "--help", "-h"];

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (helpWords.includes(name) && args.length > 0) {
    return main([args[0], "--help"]);
  }
  if (name === undefined || helpWords.includes(name)) {
    console.log(help());
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    const known = Object.keys(commands);
    console.error(
      `pal: unknown command "${name}"${meant(name, known)}; ` +
        `known: ${known.join(", ")}`,
    );
    return 2;
  }
  return command.run(args);
}

endWithReader();
main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    // A fault with a remedy reads as a line; the trace helps only developers.
    console.error(
      process.env.PAL_TRACE ? error : faultLine(process.argv[2], error),
    );
    process.exitCode = 1;
  },
);
