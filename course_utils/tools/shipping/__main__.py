"""`python -m course_utils.tools.shipping [SYSTEM/DATASET ...]`: trains what is not there yet, packs and scores it.

Can be stopped and started again at any time: a training goes on where it was.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from course_utils import weights
from course_utils.errors import CourseError
from course_utils.tools.shipping.trainings import TRAININGS, command


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m course_utils.tools.shipping", description=__doc__)
    parser.add_argument("addresses", metavar="SYSTEM/DATASET", nargs="*", help="only these (default: all)")
    parser.add_argument("--runs", type=Path, default=Path("runs/weights"), metavar="DIR", help="where they are trained")
    arguments = parser.parse_args()
    if unknown := set(arguments.addresses) - set(TRAININGS):
        parser.error(f"there is no recipe for {sorted(unknown)[0]}; choose from {', '.join(TRAININGS)}")
    for address in arguments.addresses or TRAININGS:
        if _is_there(address):
            print(f"{address}: kept", file=sys.stderr)
            continue
        run = arguments.runs / address.replace("/", "-")
        resume = ["--resume"] if (run / "config.json").exists() else []
        subprocess.run([sys.executable, "-m", "course_utils", *command(address, str(run))[1:], *resume], check=True)
        from course_utils.tools.shipping.packing import ship

        print(ship(run, address), file=sys.stderr)
    return 0


def _is_there(address: str) -> bool:
    """Whether a network is shipped that was trained as the list says."""
    if address not in weights.shipped():
        return False
    card = weights.card(address)
    try:
        card.read_weights()
    except CourseError:
        return False
    return card.command == " ".join(command(address))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (CourseError, subprocess.CalledProcessError) as error:
        sys.exit(f"shipping: {error}")
    except KeyboardInterrupt:
        sys.exit("shipping: interrupted; the same command goes on")
