import {
  type DisplayOutput,
  type ErrorOutput,
  type MimeBundle,
  type Output,
  split,
} from "./format.ts";
import { type StreamText, streamText } from "./stream-text.ts";
import type { Message } from "./wire.ts";

/** A place in some cell's outputs that updates of a display write to. */
interface Place {
  readonly outputs: Output[];
  readonly index: number;
}

interface OpenStream {
  readonly name: "stdout" | "stderr";
  readonly text: StreamText;
  readonly output: Output;
}

/** Outputs of one cell; what comes after them is counted. */
const mostOutputs = 1000;

/** Turns what a kernel publishes into a notebook's outputs. */
export interface OutputCollector {
  /** Adds a message's output to the cell's, or changes an earlier one. */
  add(outputs: Output[], message: Message): void;
}

/**
 * A collector for one notebook: a display may be updated from later cells.
 *
 * Streams of one name in a row become one; a carriage return overwrites the
 * line, as in a terminal. Long streams, and cells of very many outputs, are
 * cut, and say so.
 */
export function outputCollector(): OutputCollector {
  const displays = new Map<string, Place[]>();
  /** The stream that a cell's outputs end in, and may go on with. */
  const open = new WeakMap<Output[], OpenStream>();
  const leftOut = new WeakMap<Output[], number>();

  /** Adds an output, or to the count of those for which there is no room. */
  function push(outputs: Output[], output: Output): void {
    if (outputs.length < mostOutputs || output.output_type === "error") {
      outputs.push(output);
      return;
    }
    const count = (leftOut.get(outputs) ?? 1) + 1; // one gives way to the note
    leftOut.set(outputs, count);
    const text = [`[... left out: ${count} outputs]\n`];
    outputs[mostOutputs - 1] = { output_type: "stream", name: "stderr", text };
  }

  function addStream(outputs: Output[], content: Message["content"]): void {
    const { name, text } = content as {
      name: "stdout" | "stderr";
      text: string;
    };
    const last = open.get(outputs);
    if (last?.name === name && last.output === outputs.at(-1)) {
      last.text.add(text);
      return;
    }
    const stream = streamText();
    stream.add(text);
    const { lines } = stream;
    const output: Output = { output_type: "stream", name, text: lines };
    open.set(outputs, { name, text: stream, output });
    push(outputs, output);
  }

  function show(outputs: Output[], { content }: Message): void {
    const id = displayId(content);
    push(outputs, displayOf(content));
    if (id === undefined) return;
    const place = { outputs, index: outputs.length - 1 };
    const places = displays.get(id);
    if (places) places.push(place);
    else displays.set(id, [place]);
  }

  function update({ content }: Message): void {
    for (const place of displays.get(displayId(content) ?? "") ?? []) {
      place.outputs[place.index] = displayOf(content);
    }
  }

  return {
    add(outputs, message) {
      const { content, header } = message;
      switch (header.msg_type) {
        case "stream":
          addStream(outputs, content);
          break;
        case "display_data":
          show(outputs, message);
          break;
        case "update_display_data":
          update(message);
          break;
        case "execute_result": {
          const execution_count = content.execution_count as number;
          const { data, metadata } = displayOf(content);
          const output_type = "execute_result";
          push(outputs, { output_type, data, metadata, execution_count });
          break;
        }
        case "error":
          push(outputs, errorOutput(content));
          break;
      }
    },
  };
}

function displayId(content: Message["content"]): string | undefined {
  const transient = content.transient as { display_id?: string } | undefined;
  return transient?.display_id;
}

function displayOf(content: Message["content"]): DisplayOutput {
  const { data, metadata } = content as {
    data: MimeBundle;
    metadata?: DisplayOutput["metadata"];
  };
  const stored = Object.entries(data).map(([type, form]) => [
    type,
    typeof form === "string" && isText(type) ? split(form) : form,
  ]);
  return {
    output_type: "display_data",
    data: Object.fromEntries(stored),
    metadata: metadata ?? {},
  };
}

/** The types whose text Jupyter stores as a list of lines. */
function isText(type: string): boolean {
  return (
    type.startsWith("text/") ||
    type === "image/svg+xml" ||
    type === "application/javascript"
  );
}

/** An `error` message, or a reply with the same fields, as an output. */
export function errorOutput(content: Message["content"]): ErrorOutput {
  const { ename, evalue, traceback } = content as Partial<ErrorOutput>;
  return {
    output_type: "error",
    ename: ename ?? "Error",
    evalue: evalue ?? "",
    traceback: traceback ?? [],
  };
}
