"""How many Toy Streets images per second one core draws and writes, and where the time goes.

    python benchmarks/toy_streets.py [--images 60] [--size 128 256]

Prints processor seconds, so that other work on the machine counts little; a plain Python loop timed in the same run
says how fast the processor was meanwhile.
"""

import argparse
import io
import tempfile
import time
from pathlib import Path

from PIL import Image

from course_utils.datasets.toy_streets import render
from course_utils.datasets.toy_streets.writer import write_scene


def python_loop() -> float:
    """Processor seconds of ten million additions in plain Python, from a tenth of them."""
    start, total = time.process_time(), 0
    for number in range(1_000_000):
        total += number
    return 10 * (time.process_time() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--size", type=int, nargs=2, default=(128, 256), metavar=("HEIGHT", "WIDTH"))
    arguments = parser.parse_args()
    render(0, 0, arguments.size)  # the textures are made once
    drawn = written = encoded = 0.0
    loops = []
    with tempfile.TemporaryDirectory() as folder:
        for index in range(arguments.images):
            start = time.process_time()
            scene = render(0, index, arguments.size)
            after = time.process_time()
            write_scene(Path(folder), "train", index, scene)
            end = time.process_time()
            Image.fromarray(scene.image).save(io.BytesIO(), "png", compress_level=1)
            encoded += time.process_time() - end
            drawn, written = drawn + after - start, written + end - after
            if index % 10 == 0:
                loops.append(python_loop())
    whole = drawn + written
    height, width = arguments.size
    print(f"{arguments.images} images of {height}x{width}, one core")
    print(f"images per second              {arguments.images / whole:6.1f}")
    print(f"drawing, ms per image          {1000 * drawn / arguments.images:6.1f}   {drawn / whole:4.0%}")
    print(f"writing five files, ms         {1000 * written / arguments.images:6.1f}   {written / whole:4.0%}")
    print(f"  of it encoding the photo     {1000 * encoded / arguments.images:6.1f}   {encoded / whole:4.0%}")
    print(f"10 million additions, seconds  {sum(loops) / len(loops):6.2f}   (the same processor, meanwhile)")


if __name__ == "__main__":
    main()
