/** `npm run notebooks -- ...`: runs notebooks with the real kernel, or exports them. */
import { exportNotebooks } from "./cli/export.ts";
import { notebooks } from "./cli/notebooks.ts";

const [command, ...args] = process.argv.slice(2);

process.exitCode =
  command === "export"
    ? await exportNotebooks(args)
    : await notebooks(process.argv.slice(2));
