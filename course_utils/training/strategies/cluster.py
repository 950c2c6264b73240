"""Which workers train together, and which of them this process is, from the environment."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from course_utils.errors import CourseError, brief
from course_utils.files import find_fault

_EXAMPLE = '{"cluster": {"worker": ["one:12345", "two:12345"]}, "task": {"type": "worker", "index": 0}}'
_SLURM_PORTS = range(20000, 30000)
"""One of them by the number of the job, so that two jobs on a node do not meet."""


_NODE = r"[\w.-]+(?:\[[0-9]{1,9}(?:-[0-9]{1,9})?(?:,[0-9]{1,9}(?:-[0-9]{1,9})?)*\])?"
_MOST_NODES = 10_000


@dataclass(frozen=True)
class Cluster:
    """Workers that train together.

    Attributes:
        addresses: HOST:PORT of each, the chief first.
        index: which of them this process is.
    """

    addresses: tuple[str, ...]
    index: int

    @property
    def chief(self) -> bool:
        """Whether this worker writes the run folder."""
        return self.index == 0

    def name(self, index: int) -> str:
        """What messages call a worker."""
        return f"worker {index} ({self.addresses[index]})"

    def config(self) -> str:
        """What TensorFlow takes as TF_CONFIG."""
        return json.dumps({"cluster": {"worker": self.addresses}, "task": {"type": "worker", "index": self.index}})


def find_cluster(environment: Mapping[str, str] = os.environ) -> Cluster | None:
    """The cluster that TF_CONFIG describes, or else the step of a SLURM job; None where there is but one worker.

    Args:
        environment: the variables.

    Raises:
        CourseError: what they say is no cluster.
    """
    if environment.get("TF_CONFIG", "").strip():
        cluster = _of_tf_config(environment["TF_CONFIG"])
    elif environment.get("SLURM_STEP_NUM_TASKS", "1") != "1":
        cluster = _of_slurm(environment)
    else:
        return None
    return cluster if len(cluster.addresses) > 1 else None


def _of_tf_config(text: str) -> Cluster:
    """TF_CONFIG, with a chief or without: https://www.tensorflow.org/guide/distributed_training."""
    try:
        config = json.loads(text)
        if not isinstance(config, dict):
            raise ValueError("it is no object with names")
    except (ValueError, RecursionError) as error:
        raise CourseError(f"TF_CONFIG is no JSON ({brief(error)}): set it as in {_EXAMPLE}.") from None
    if not config.get("cluster"):
        return Cluster(("localhost:0",), 0)
    workers = {"chief?": [_address], "worker?": [_address]}
    task = {"type": _kind, "index": lambda value: None if type(value) is int and value >= 0 else "a whole number"}
    if fault := find_fault(config, {"cluster": workers, "task": task}):
        raise CourseError(f"TF_CONFIG: {fault}: set it as in {_EXAMPLE}; `course train` knows no other kinds of tasks.")
    chiefs, others = (config["cluster"].get(kind, []) for kind in ("chief", "worker"))
    if len(chiefs) > 1 or len({*chiefs, *others}) < len(chiefs) + len(others):
        raise CourseError(
            f"TF_CONFIG: each worker needs an address of its own, and there is one chief at most: "
            f"set it as in {_EXAMPLE}."
        )
    kind, index = config["task"]["type"], config["task"]["index"]
    own = chiefs if kind == "chief" else others
    if index >= len(own):
        raise CourseError(f"TF_CONFIG: there is no {kind} {index} in its cluster: count them from 0.")
    return Cluster((*chiefs, *others), index + (len(chiefs) if kind == "worker" else 0))


def _address(value) -> str | None:
    found = re.fullmatch(r"\S{1,255}:([0-9]{1,5})", value) if isinstance(value, str) else None
    return None if found and int(found[1]) < 2**16 else "HOST:PORT"


def _kind(value) -> str | None:
    return None if value in ("chief", "worker") else '"worker" or "chief"'


def _of_slurm(environment: Mapping[str, str]) -> Cluster:
    """The tasks that `srun` started, one per node, in the order that SLURM numbers them.

    TensorFlow's own resolver sorts the nodes by name, so that node10 comes before node9 and has its number.
    """
    try:
        tasks, index = int(environment["SLURM_STEP_NUM_TASKS"]), int(environment["SLURM_PROCID"])
        hosts = _nodes(environment["SLURM_STEP_NODELIST"])
        job = int(environment["SLURM_JOB_ID"])
    except (KeyError, ValueError) as error:
        raise CourseError(
            f"The variables of SLURM describe no step of a job ({brief(error)}): start it by `srun`, or set TF_CONFIG."
        ) from None
    if len(hosts) != tasks or not 0 <= index < tasks:
        raise CourseError(
            f"SLURM runs {tasks} tasks on {len(hosts)} nodes: ask for one task per node "
            "(--ntasks-per-node=1), which uses all GPUs of its node."
        )
    port = _SLURM_PORTS[job % len(_SLURM_PORTS)]
    return Cluster(tuple(f"{host}:{port}" for host in hosts), index)


def _nodes(text: str) -> list[str]:
    """The nodes of a list of SLURM's, in its order: n[9-10,12],gpu3 is n9, n10, n12, gpu3; ValueError for others."""
    if not re.fullmatch(f"{_NODE}(?:,{_NODE})*", text):
        raise ValueError(f"the list of nodes {text!r} is of a kind that the course does not read")
    nodes = []
    for name, numbers in re.findall(r"([^,[\]]+)(?:\[([^\]]+)\])?", text):
        for part in numbers.split(","):
            first, _, last = part.partition("-")
            if not part:
                nodes.append(name)
            elif int(last or first) - int(first) >= _MOST_NODES:
                raise ValueError(f"the list of nodes {text!r} is too long")
            else:
                nodes += [f"{name}{k:0{len(first)}}" for k in range(int(first), int(last or first) + 1)]
    return nodes
