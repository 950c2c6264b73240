"""Checks of what computes: processor, memory, TensorFlow, GPU."""

import importlib.metadata
import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from course_utils.tools.doctor.finding import GIGABYTE, REINSTALL, Finding


def processor_flags() -> set[str] | None:
    """The instruction sets of this processor as Linux names them; None where they cannot be read."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return None
    return set(next((line for line in lines if line.startswith("flags")), "").split()[2:]) or None


def check_processor(cores: int | None = None, flags: set[str] | Callable | None = processor_flags) -> Finding:
    """The processor can run TensorFlow, and whether it is fast in mixed_bfloat16."""
    flags = flags() if callable(flags) else flags
    if cores is None:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    detail = f"{cores} core{'s' * (cores != 1)}, {platform.machine()}"
    if flags is None:
        return Finding("Processor", "ok", detail)
    if platform.machine() == "x86_64" and "avx" not in flags:
        remedy = "use another machine, or a virtual machine that passes the processor's instruction sets through"
        return Finding("Processor", "problem", f"{detail}, without AVX, which TensorFlow needs", remedy)
    names = {"avx2": "AVX2", "avx512f": "AVX512", "avx512_bf16": "AVX512-BF16", "amx_bf16": "AMX-BF16"}
    found = ", ".join(name for flag, name in names.items() if flag in flags)
    pays = flags & {"avx512_bf16", "amx_bf16"}
    advice = "mixed_bfloat16 trains faster here" if pays else "without a bfloat16 unit: train in float32"
    return Finding("Processor", "ok", f"{detail}{', ' * bool(found)}{found}; {advice}")


def memory_limit() -> int:
    """Bytes of memory that this process may use: the machine's, or its container's."""
    import psutil

    try:
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
    except (OSError, ValueError):
        return psutil.virtual_memory().total
    return min(limit, psutil.virtual_memory().total)


def check_memory(total: int | None = None, available: int | None = None) -> Finding:
    """At least 4 GB of memory, 2 of them free."""
    import psutil

    total = total if total is not None else memory_limit()
    available = available if available is not None else psutil.virtual_memory().available
    available = min(available, total)
    detail = f"{total / GIGABYTE:.1f} GB, {available / GIGABYTE:.1f} free"
    if total < 3.5 * GIGABYTE:  # a machine sold with 4 GB reports somewhat less
        return Finding("Memory", "warning", f"{detail}; the course needs 4", "course run --fast, or a larger machine")
    if available < 2 * GIGABYTE:
        return Finding("Memory", "warning", f"{detail}; training needs 2 free", "stop other kernels and programs")
    return Finding("Memory", "ok", detail)


PROBE = """
import json, time
start = time.perf_counter()
from course_utils.backend import keras, tf
seconds = time.perf_counter() - start
total = float(tf.reduce_sum(tf.nn.conv2d(tf.ones((1, 8, 8, 1)), tf.ones((3, 3, 1, 1)), 1, "VALID")))
assert total == 324, f"a convolution summed to {total}, not 324"
report = {"seconds": seconds, "tensorflow": tf.__version__, "keras": keras.__version__}
report["gpus"] = [device.name for device in tf.config.list_physical_devices("GPU")]
try:
    import keras_cv
    layer = keras_cv.layers.SpatialPyramidPooling(dilation_rates=[2], num_channels=4)
    assert layer(tf.ones((1, 8, 8, 3))).shape == (1, 8, 8, 4)
    report["keras_cv"] = keras_cv.__version__
except Exception as error:
    report["keras_cv_error"] = f"{type(error).__name__}: {error}"
print(json.dumps(report))
"""


def probe_tensorflow(code: str = PROBE, timeout: float = 120) -> dict:
    """Import TensorFlow and Keras CV in a process of their own, where a crash or a hang does no harm.

    Returns:
        `seconds` of the import, versions, `gpus`; or `error`, one line on what happened.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=timeout, cwd=Path(__file__).parents[3]
        )
    except subprocess.TimeoutExpired:
        return {"error": f"did not start within {timeout:.0f} s"}
    if done.returncode < 0:
        return {"error": f"crashed with {signal.Signals(-done.returncode).name}"}
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def nvidia_driver() -> str | None:
    """Name, memory and driver of the NVIDIA cards as `nvidia-smi` reports them; None without a card or a driver."""
    command = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return "; ".join(done.stdout.strip().splitlines()) if done.returncode == 0 and done.stdout.strip() else None


def check_tensorflow(probe: Callable = probe_tensorflow, driver: Callable = nvidia_driver) -> list[Finding]:
    """TensorFlow starts and computes, Keras CV works with it, and it sees the GPU where there is one."""
    report, card = probe(), driver()
    if "error" in report:
        return [Finding("TensorFlow", "problem", report["error"], REINSTALL)]
    seconds = report["seconds"]
    detail = f"{report['tensorflow']} with Keras {report['keras']}, starts in {seconds:.1f} s"
    findings = [Finding("TensorFlow", "ok", detail)]
    if "keras_cv_error" in report:
        findings.append(Finding("Keras CV", "problem", report["keras_cv_error"], REINSTALL))
    else:
        findings.append(Finding("Keras CV", "ok", report["keras_cv"]))
    if report["gpus"]:
        findings.append(Finding("GPU", "ok", f"{len(report['gpus'])} in use{': ' * bool(card)}{card or ''}"))
    elif card is None:
        findings.append(Finding("GPU", "optional", "none; everything runs on the processor"))
    elif os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        findings.append(Finding("GPU", "warning", f"{card}, hidden from TensorFlow", "unset CUDA_VISIBLE_DEVICES"))
    elif not list(importlib.metadata.distributions(name="nvidia-cudnn-cu12")):
        remedy = "make install GPU=1, or conda env create -f environment-gpu.yml"
        findings.append(Finding("GPU", "warning", f"{card}, but TensorFlow lacks NVIDIA's libraries", remedy))
    else:
        remedy = "update the driver: CUDA 12 needs 525.60 or newer"
        findings.append(Finding("GPU", "warning", f"{card}, but TensorFlow cannot open it", remedy))
    return findings
