"""The course's Keras layers, one public class per file.

batch_normalization, local_response_normalization   what is normalised, over the batch and over the channels
convolution_block, depthwise_convolution   what most networks are built of
efficient_self_attention   every pixel asks the whole map (SegFormer)
atrous_padding  for a dense convolution in place of a strided one
pooling         max pooling with indices and unpooling, atrous and adaptive pooling, the pyramids of PSPNet and DeepLab
upsampling      zero insertion and interpolation, sub-pixel convolution, resizing and cropping
separable       a matrix along each side of a map
reconstruction  score maps as sums of basis patches (LRR)
random_fields   conditional random fields: over all pairs of pixels (DeepLab), and on a feature map (Piecewise)
boundaries      image gradients, boundaries of a prediction, the gates of Gated-SCNN
together        what the replicas of a network add up
shapes          sizes that may be unknown, and factors
backend_operations   what TensorFlow does in its own words, beside the form for other backends
"""

from course_utils.layers.atrous_padding import AtrousPadding2D
from course_utils.layers.batch_normalization import BatchNormalization
from course_utils.layers.boundaries.boundary_mask import BoundaryMask
from course_utils.layers.boundaries.gated_convolution import GatedConvolution2D
from course_utils.layers.boundaries.image_gradient import ImageGradient
from course_utils.layers.convolution_block import ConvolutionBlock
from course_utils.layers.depthwise_convolution import DepthwiseConv2D
from course_utils.layers.efficient_self_attention import EfficientSelfAttention
from course_utils.layers.local_response_normalization import LocalResponseNormalization
from course_utils.layers.pooling.adaptive_average_pooling import AdaptiveAveragePooling2D
from course_utils.layers.pooling.atrous_max_pooling import AtrousMaxPooling2D
from course_utils.layers.pooling.atrous_spatial_pyramid_pooling import AtrousSpatialPyramidPooling
from course_utils.layers.pooling.max_pooling_with_indices import MaxPoolingWithIndices2D
from course_utils.layers.pooling.max_unpooling import MaxUnpooling2D
from course_utils.layers.pooling.pyramid_pooling import PyramidPooling
from course_utils.layers.random_fields.dense_crf import DenseCRF
from course_utils.layers.random_fields.pairwise_mean_field import PairwiseMeanField
from course_utils.layers.random_fields.pairwise_potentials import PairwisePotentials
from course_utils.layers.reconstruction.basis_reconstruction import BasisReconstruction
from course_utils.layers.reconstruction.segment_bases import cosine_bases, segment_bases
from course_utils.layers.upsampling.crop_like import CropLike
from course_utils.layers.upsampling.interpolation_kernels import interpolation_kernel
from course_utils.layers.upsampling.interpolation_upsampling import InterpolationUpsampling2D
from course_utils.layers.upsampling.resize_by import ResizeBy
from course_utils.layers.upsampling.resize_like import ResizeLike
from course_utils.layers.upsampling.sub_pixel_convolution import SubPixelConvolution2D
from course_utils.layers.upsampling.zero_insertion import ZeroInsertion2D

__all__ = [
    "AdaptiveAveragePooling2D",
    "AtrousMaxPooling2D",
    "AtrousPadding2D",
    "AtrousSpatialPyramidPooling",
    "BasisReconstruction",
    "BatchNormalization",
    "BoundaryMask",
    "ConvolutionBlock",
    "CropLike",
    "DenseCRF",
    "DepthwiseConv2D",
    "EfficientSelfAttention",
    "GatedConvolution2D",
    "ImageGradient",
    "InterpolationUpsampling2D",
    "LocalResponseNormalization",
    "MaxPoolingWithIndices2D",
    "MaxUnpooling2D",
    "PairwiseMeanField",
    "PairwisePotentials",
    "PyramidPooling",
    "ResizeBy",
    "ResizeLike",
    "SubPixelConvolution2D",
    "ZeroInsertion2D",
    "cosine_bases",
    "interpolation_kernel",
    "segment_bases",
]
