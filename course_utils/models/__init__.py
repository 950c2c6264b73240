"""Networks for semantic segmentation, one file a system: functions that return `keras.Model`s.

Trained weights at full width, beside those of references, whose lists of layers were added up where they publish no
count (tests/models/test_published_counts.py explains every difference to the last weight):

System (classes)              ours        reference    of
SegNet (11)                   29,441,419  29,449,355   alexgkendall/SegNet-Tutorial
SegNetBasic (11)              1,416,075   1.425 M      the paper's table 1
PSPNet, ResNet-50 (19)        48,956,262  49,080,038   hszhao/semseg
DeepLabV2 (21)                44,048,532  44,048,532   kazuto1011/deeplab-pytorch
DeepLabV3 (21)                58,040,661  60,996,202   torchvision
DeepLabV3Plus (19)            59,343,795  59,343,795   jfzhang95/pytorch-deeplab-xception
LRR (19)                      159,809,720 159,797,304  golnazghiasi/LRR
GSCNN, ResNet-50 (19)         40,528,033
  less DeepLabV3Plus          176,366     172,206      nv-tlabs/GSCNN
Piecewise (21)                399,013,703              none is published
VGG16                         14,718,912  14,714,688   torchvision
DarkNet-19                    19,817,376  19,817,376   pjreddie/darknet
ResNet-50                     23,508,032  23,508,032   torchvision
ResNet-101                    42,500,160  42,500,160   torchvision
MobileNetV2                   1,811,712   1,811,712    torchvision

* SegNet: the reference has a bias before each batch normalisation. The paper's figures are multiples of 0.025 M.
* PSPNet: with its second loss; the reference begins with three 3x3 convolutions instead of one of 7x7.
* DeepLabV3: the reference has one 3x3 convolution more in front of the scores, and a loss half-way.
* LRR, VGG16: batch normalisation where the reference has a bias. LRR's bases are fixed and not counted.
* GSCNN: our gradient of the image enters by a convolution of its own at the start of the shape stream.
* Encoders: without what classifies, MobileNetV2 also without its last convolution to 1280 channels.
"""

from course_utils.models.classifier import classifier
from course_utils.models.deeplab_v2 import DeepLabV2
from course_utils.models.deeplab_v3 import DeepLabV3
from course_utils.models.deeplab_v3_plus import DeepLabV3Plus
from course_utils.models.gscnn import GSCNN
from course_utils.models.lrr import LRR
from course_utils.models.piecewise import Piecewise
from course_utils.models.pspnet import PSPNet
from course_utils.models.segnet import SegNet
from course_utils.models.segnet_basic import SegNetBasic
from course_utils.models.transfer import copy_encoder, encoder_layers, load_imagenet_weights

__all__ = [
    "GSCNN",
    "LRR",
    "DeepLabV2",
    "DeepLabV3",
    "DeepLabV3Plus",
    "PSPNet",
    "Piecewise",
    "SegNet",
    "SegNetBasic",
    "classifier",
    "copy_encoder",
    "encoder_layers",
    "load_imagenet_weights",
]
