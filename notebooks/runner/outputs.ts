import {
  type DisplayOutput,
  type ErrorOutput,
  joined,
  type MimeBundle,
  type Output,
  split,
} from "./format.ts";
import type { Message } from "./wire.ts";

/** A place in some cell's outputs that updates of a display write to. */
interface Place {
  readonly outputs: Output[];
  readonly index: number;
}

/** Turns what a kernel publishes into a notebook's outputs. */
export interface OutputCollector {
  /** Adds a message's output to the cell's, or changes an earlier one. */
  add(outputs: Output[], message: Message): void;
}

/**
 * A collector for one notebook: a display may be updated from later cells.
 *
 * Streams of one name in a row become one; a carriage return overwrites the
 * line, as in a terminal.
 */
export function outputCollector(): OutputCollector {
  const displays = new Map<string, Place[]>();

  function show(outputs: Output[], { content }: Message): void {
    const id = displayId(content);
    outputs.push(displayOf(content));
    if (id === undefined) return;
    const place = { outputs, index: outputs.length - 1 };
    displays.set(id, [...(displays.get(id) ?? []), place]);
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
          outputs.push({ output_type, data, metadata, execution_count });
          break;
        }
        case "error":
          outputs.push(errorOutput(content));
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

function addStream(outputs: Output[], content: Message["content"]): void {
  const { name, text } = content as { name: "stdout" | "stderr"; text: string };
  const last = outputs.at(-1);
  const before =
    last?.output_type === "stream" && last.name === name
      ? joined(last.text)
      : undefined;
  if (before !== undefined) outputs.pop();
  const whole = overwritten((before ?? "") + text);
  outputs.push({ output_type: "stream", name, text: split(whole) });
}

/** What a terminal would show: a carriage return starts the line again. */
function overwritten(text: string): string {
  return text.replaceAll("\r\n", "\n").replace(/[^\n\r]*\r(?=[^\n])/g, "");
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
