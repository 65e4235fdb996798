#!/usr/bin/env node
/** `npm run pal -- <command> ...`: finds the command, prints, exits. */

interface Command {
  readonly summary: string;
  /** Loads the command and runs it; resolves to the exit code. */
  readonly run: (args: readonly string[]) => Promise<number>;
}

const commands: Readonly<Record<string, Command>> = {
  cost: {
    summary: "what the designs cost, side by side, by formula",
    run: async (args) => (await import("./cost.ts")).cost(args),
  },
  engine: {
    summary: "which engine PAL_ENGINE (or auto) gives, and why",
    run: async () => (await import("./engine.ts")).engine(),
  },
  features: {
    summary: "compute and keep an encoder's features of a folder of sounds",
    run: async (args) => (await import("./features.ts")).features(args),
  },
  fetch: {
    summary: "download an encoder's weights, verified; --help names them",
    run: async (args) => (await import("./fetch.ts")).fetchWeights(args),
  },
  inspect: {
    summary: "what a checkpoint holds, tensor by tensor; nothing of it runs",
    run: async (args) => (await import("./inspect.ts")).inspect(args),
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
  return ["npm run pal -- <command>", "", ...rows].join("\n");
}

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === undefined || name === "help" || name === "--help") {
    console.log(help());
    return 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    console.error(
      `pal: unknown command "${name}"; known: ` +
        Object.keys(commands).join(", "),
    );
    return 2;
  }
  return command.run(args);
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    // A fault with a remedy reads as a line; the trace helps only developers.
    console.error(process.env.PAL_TRACE ? error : error.message);
    process.exitCode = 1;
  },
);
