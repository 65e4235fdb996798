"""Peers of `npm run bench -- features`: kaldi-native-fbank and transformers.

Prints one line of versions, then answers each line of JSON with one: the
milliseconds of every run, by the wall and by the processor, and the mean of
the features. A peer that is not installed is left out of the versions.
"""

import json
import sys
import time

import numpy as np


def sweep(rate):
    i = np.arange(10 * rate, dtype=np.float64)
    t = i / rate
    return (0.4 * np.sin(2 * np.pi * (100 + 150 * t) * t) + 0.1 * np.sin(i * i)).astype(np.float32)


def kaldi(bands):
    import kaldi_native_fbank as knf

    options = knf.FbankOptions()
    options.frame_opts.dither = 0
    options.frame_opts.samp_freq = 16000
    options.frame_opts.window_type = "hanning"
    options.mel_opts.num_bins = bands
    options.mel_opts.low_freq = 20
    options.mel_opts.high_freq = 0
    options.use_energy = False
    options.htk_compat = True
    wave = sweep(16000)

    def run():
        fbank = knf.OnlineFbank(options)
        fbank.accept_waveform(16000, wave)
        fbank.input_finished()
        return np.stack([fbank.get_frame(i) for i in range(fbank.num_frames_ready)])

    return run


def clap():
    from transformers import ClapFeatureExtractor

    extract = ClapFeatureExtractor(
        feature_size=64,
        frequency_min=50,
        frequency_max=14000,
        truncation="rand_trunc",
        padding="repeatpad",
    )
    wave = sweep(48000)
    return lambda: extract(wave, sampling_rate=48000)["input_features"]


def versions():
    found = {}
    try:
        import kaldi_native_fbank

        found["kaldi-native-fbank"] = kaldi_native_fbank.__version__
    except ImportError:
        pass
    try:
        import transformers
        from transformers import ClapFeatureExtractor  # noqa: F401

        found["transformers"] = transformers.__version__
    except ImportError:
        pass
    return found


def measure(run, runs):
    wall, cpu = [], []
    for _ in range(runs):
        wall_start, cpu_start = time.perf_counter(), time.process_time()
        features = run()
        cpu.append(1000 * (time.process_time() - cpu_start))
        wall.append(1000 * (time.perf_counter() - wall_start))
    return {"wall": wall, "cpu": cpu, "mean": float(np.mean(features))}


print(json.dumps({"python": sys.version.split()[0], "numpy": np.__version__, **versions()}), flush=True)
made = {}
for line in sys.stdin:
    task = json.loads(line)
    name = task["task"]
    if name not in made:
        made[name] = kaldi(task["bands"]) if name == "fbank" else clap()
        measure(made[name], 2)
    print(json.dumps(measure(made[name], task["runs"])), flush=True)
