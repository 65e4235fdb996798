import { random } from "../../../tensor/random.ts";
import type { NoteBank } from "./note-bank.ts";
import { backgroundOf, inRoom, powerOf, toPower } from "./room.ts";
import { type Scene, type SceneEvent, sceneOptions } from "./scene.ts";
import { addAt, between } from "./synth/parts.ts";
import { synthesisers } from "./synthesised.ts";

/** A scene as samples, and what only the samples tell. */
export interface RenderedScene {
  /** Mono, from -1 to 1. */
  readonly samples: Float32Array;
  /**
   * When each event is over, in seconds: from there on it stays 40 dB below
   * its peak.
   */
  readonly offsets: readonly number[];
}

/** Root mean square of a loud event while it sounds; -20 dB. */
const loud = 0.1;
const soft = loud / 4;

/** A note ends in this time after its release, in seconds. */
const release = 0.08;

const pitchPlaces = { low: 0, middle: 0.5, high: 1 };

/** Renders a scene; the same scene gives the same samples. */
export async function renderScene(
  scene: Scene,
  bank: NoteBank,
  seconds = sceneOptions.seconds,
): Promise<RenderedScene> {
  const { sampleRate } = bank;
  const nSamples = Math.round(seconds * sampleRate);
  const dry = new Float32Array(nSamples);
  const offsets: number[] = [];
  for (const [place, event] of scene.events.entries()) {
    const from = Math.round(event.onset * sampleRate);
    const sound = await eventSamples(event, {
      ...{ bank, place, scene },
      nSamples: nSamples - from,
    });
    const end = endOf(sound);
    const rms = event.loudness === "loud" ? loud : soft;
    addAt(dry, toPower(sound.subarray(0, end), rms ** 2), { from });
    offsets.push((from + end) / sampleRate);
  }
  const heard = inRoom(dry, scene.room, sampleRate);
  return { samples: recorded(heard, scene, sampleRate), offsets };
}

async function eventSamples(
  event: SceneEvent,
  {
    bank,
    nSamples,
    place,
    scene,
  }: {
    readonly bank: NoteBank;
    readonly nSamples: number;
    readonly place: number;
    readonly scene: Scene;
  },
): Promise<Float32Array> {
  const { seconds, voice } = event;
  const { sampleRate } = bank;
  if ("synthesiser" in voice) {
    const chance = random("event", scene.name, place);
    const near = pitchPlaces[event.pitch ?? "middle"];
    const pitch = 0.8 * near + 0.2 * chance.uniform();
    return synthesisers[voice.synthesiser](
      { chance, nSamples, pitch, sampleRate, seconds },
      scene.source.make,
    );
  }
  const { soundfont } = scene.source;
  const note = await bank.note({ ...voice, soundfont });
  const held = Math.round(seconds * sampleRate);
  const fade = Math.round(release * sampleRate);
  return note
    .slice(0, Math.min(nSamples, held + fade))
    .map((x, i) => (i < held ? x : x * between(1, 0.01, (i - held) / fade)));
}

/** First sample from which all stay 40 dB below the peak. */
function endOf(samples: Float32Array): number {
  const peak = samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  let end = samples.length;
  while (end > 1 && Math.abs(samples[end - 1]) < 0.01 * peak) end--;
  return end;
}

/** With the background, and as loud as a recording can be. */
function recorded(
  samples: Float32Array,
  { background, name }: Scene,
  sampleRate: number,
): Float32Array {
  const { kind, snr } = background;
  const mixed = samples.slice();
  if (kind !== "none") {
    const nSamples = samples.length;
    const bed = backgroundOf(kind, { name, nSamples, sampleRate });
    const gain = Math.sqrt(powerOf(samples) / 10 ** (snr / 10));
    addAt(mixed, bed, { from: 0, gain });
  }
  const peak = mixed.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  return peak > 0.99 ? mixed.map((x) => (0.99 * x) / peak) : mixed;
}
