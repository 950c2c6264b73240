"""How each shipped network is trained."""

_LITE0 = "--encoder efficientnet_lite0 --encoder-weights imagenet"

TRAININGS = {
    "SegNet/camvid": "--epochs 36",
    "SegNetBasic/camvid": "--option width=0.5 --epochs 30",
    "DeepLabV3Plus/camvid": f"{_LITE0} --image-size 360x480 --crop-size 240x320 --epochs 40",
    "FCN8s/toy_streets": "--option width=0.375 --option classifier_channels=128 --image-size 128x256 --epochs 16",
    "SegNet/toy_streets": "--image-size 128x256 --epochs 60",
    "SegNetBasic/toy_streets": "--option width=0.5 --image-size 128x256 --epochs 24",
    "PSPNet/toy_streets": "--image-size 128x256 --epochs 20",
    "DeepLabV2/toy_streets": "--image-size 128x256 --epochs 16",
    "DeepLabV3/toy_streets": "--image-size 128x256 --epochs 40",
    "DeepLabV3Plus/toy_streets": "--image-size 128x256 --epochs 80",
    "LRR/toy_streets": "--option width=0.3125 --image-size 128x256 --epochs 16",
    "Piecewise/toy_streets": "--option width=0.25 --image-size 128x256 --epochs 60",
    "GSCNN/toy_streets": "--image-size 128x256 --epochs 20",
    "SegFormer/toy_streets": "--image-size 128x256 --epochs 20",
}
"""Options of `course train` by address, SYSTEM/DATASET."""

LICENCES = {
    "toy_streets": "CC BY 4.0",
    "camvid": "for teaching and research, as CamVid's own terms are (Brostow et al., Pattern Recognition Letters 2009)",
}
"""Of the weights, by the data that they were trained on."""


def command(address: str, output: str = "RUN") -> list[str]:
    """What trains a network, as it is typed.

    Args:
        address: a key of `TRAININGS`.
        output: the run folder.
    """
    system, dataset = address.split("/")
    return ["course", "train", system, "--dataset", dataset, *TRAININGS[address].split(), "--output", output]
