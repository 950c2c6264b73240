"""Checks of what computes: memory, TensorFlow, GPU."""

import importlib.metadata
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable

from course_utils.tools.doctor.finding import GIGABYTE, REINSTALL, Finding
from course_utils.tools.extras import command_for


def check_memory(total: int | None = None, available: int | None = None) -> Finding:
    """At least 4 GB of memory, 2 of them free.

    Args:
        total: bytes that this process may use; read when omitted.
        available: bytes that are free; read when omitted.
    """
    import psutil

    from course_utils.machine import memory_limit, processors

    total = total if total is not None else memory_limit()
    available = min(available if available is not None else psutil.virtual_memory().available, total)
    count = processors()
    detail = f"{total / GIGABYTE:.1f} GB, {available / GIGABYTE:.1f} free, for {count} processor{'s' * (count != 1)}"
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

    Args:
        code: what the process runs; it prints what is returned, as JSON, in its last line.
        timeout: seconds until it counts as hanging.

    Returns:
        `seconds` of the import, versions, `gpus`; or `error`, one line on what happened.
    """
    try:
        done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return {"error": f"did not start within {timeout:.0f} s"}
    said = done.stderr.strip().splitlines()[-1:]
    if done.returncode < 0:
        return {"error": ": ".join([f"crashed with {signal.Signals(-done.returncode).name}", *said])}
    if done.returncode:
        return {"error": (said or [f"exit status {done.returncode}"])[0]}
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
    """TensorFlow starts and computes, Keras CV works with it, and it sees the GPU where there is one.

    Args:
        probe: as `probe_tensorflow`.
        driver: as `nvidia_driver`.
    """
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
        remedy = command_for("gpu")
        findings.append(Finding("GPU", "warning", f"{card}, but TensorFlow lacks NVIDIA's libraries", remedy))
    else:
        remedy = "update the driver: CUDA 12 needs 525.60 or newer"
        findings.append(Finding("GPU", "warning", f"{card}, but TensorFlow cannot open it", remedy))
    return findings
