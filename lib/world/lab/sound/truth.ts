import type { Scene, SceneEvent, SoundSource } from "./scene.ts";

/** What is true of a clip: what questions are made of and probes look for. */
export interface ClipTruth {
  readonly name: string;
  readonly source: SoundSource;
  readonly events: readonly EventTruth[];
  readonly room: Scene["room"];
  readonly background: Scene["background"];
}

/** In order of onset; times in seconds. */
export interface EventTruth
  extends Pick<SceneEvent, "loudness" | "onset" | "pitch" | "sound"> {
  readonly offset: number;
}

/** @param offsets - when each event was over, as its samples tell */
export function truthOf(scene: Scene, offsets: readonly number[]): ClipTruth {
  const { background, events, name, room, source } = scene;
  return {
    ...{ name, source, room },
    background: { ...background, snr: rounded(background.snr, 1) },
    events: events.map(({ loudness, onset, pitch, sound }, i) => ({
      sound,
      onset: rounded(onset, 3),
      offset: rounded(offsets[i], 3),
      ...(pitch ? { pitch } : {}),
      loudness,
    })),
  };
}

const rounded = (x: number, digits: number) => Number(x.toFixed(digits));
