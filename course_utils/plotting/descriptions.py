"""What the figures of notebooks 00 to 04 show, for readers who cannot see them.

The texts stand here and not in the notebooks, where they would give away what students are asked to guess first.
`plotting.show(figure, "02 stamps")` takes a text by its name: the number of the notebook and a word for the figure.
"""

import re

from course_utils.errors import CourseError

DESCRIPTIONS = {
    "00 augmentation": (
        "A street scene and four training examples made from it, each above its label map: parts of it at several "
        "sizes, some mirrored, in changed colours; where the scene was made smaller than the crop, void surrounds "
        "it."
    ),
    "00 class-shares": (
        "The scene in the colours of its classes; bars in the same colours give each class's share of the pixels, "
        "from road, far the largest, to classes below one per cent."
    ),
    "00 label-numbers": (
        "A street scene; a small window of it enlarged; the same window as a grid of label ids, each class in its "
        "own colour: 11 for building, 24 for person, 26 for car."
    ),
    "00 masks-and-probabilities": (
        "A stack of masks, one per class, and a stack of probabilities; between them the loss of each pixel, "
        "bright along the borders of classes and on small things."
    ),
    "00 network-tensors": (
        "The image as three cards, the features as a stack of cards, the scores with one card per class, and the "
        "arg max as one coloured label map."
    ),
    "00 outlines": (
        "One car with its outline drawn three times, with fewer and fewer corners; the coarsest cuts across the "
        "bumper and takes in road."
    ),
    "00 softmax-cases": (
        "Probabilities of five classes for a car pixel: sure and right has almost no loss, undecided a loss of log "
        "5, sure and wrong the largest."
    ),
    "00 three-problems": (
        "Four views of one scene: the image; every pixel in its class's colour, all cars alike; a named box around "
        "every car and person; every car and person as a mask of its own colour on grey."
    ),
    "01 bicubic-surface": (
        "The bicubic kernel as a surface: a peak in the middle and four shallow valleys along the axes."
    ),
    "01 cats-eye": (
        "The eye of a cat, tiny at 40 by 40 pixels; six times larger as blocks with nearest, soft with bilinear, "
        "crisper with bicubic."
    ),
    "01 eight-kernels": (
        "Eight pairs of panels: each method's taps, which coincide with the measured impulse response, and its "
        "gain over frequency, flat in the band of the signal and low beyond it; lanczos5 comes nearest to the "
        "ideal, nearest is furthest from it."
    ),
    "01 fast-wave": (
        "A fast wave under four methods beside the wave it was sampled from: nearest, bilinear and bicubic beat, "
        "lanczos5 follows it best."
    ),
    "01 label-maps": (
        "Mean IoU falls with the subsampling factor, slowly to a factor of 8 and steeply beyond; ours beside the "
        "paper's."
    ),
    "01 lecture-example": (
        "The numbers 1 to 16, the same spread over 8 by 8 with zeros, the 3 by 3 kernel, and the result of 8 by 8."
    ),
    "01 portrait": (
        "A portrait, and the same four times smaller and enlarged again by three methods, with the errors below "
        "each: they sit on the edges, and lanczos3 has the least."
    ),
    "01 sliding": (
        "A window of three by three slides over two rows of a map with inserted zeros; the samples below it, times "
        "their weights, fill the output pixel by pixel."
    ),
    "01 spectrum": (
        "Left: the spectrum of a photograph's row after zero insertion, with a full copy around one third. Right: "
        "after the triangle kernel the copy is nearly gone, what is left of it sits beside its centre."
    ),
    "01 three-kernels": (
        "Three rows. Each starts from seven stems with zeros between them. A box kernel repeats the samples, a "
        "triangle joins them by lines, a cubic kernel with negative lobes joins them by a smooth curve."
    ),
    "01 two-grids": (
        "Two number lines of eight output pixels. On the aligned grid the samples stand on pixels 0, 2, 4, 6. With "
        "half-pixel centres they stand between pixels: at 0.5, 2.5, 4.5, 6.5."
    ),
    "01 your-resize": "The eye of a cat six times larger: in blocks, soft, crisper, and crisp with faint rings.",
    "02 bilinear-start": (
        "A coarse portrait in colour; enlarged by the bilinear start it is smooth, with a dark frame; by the "
        "random start it is a pattern that repeats every eight pixels, in wrong colours."
    ),
    "02 blocks": (
        "A kernel of 3 by 3 taps, 1 to 9, and its 24 by 24 matrix: three diagonals of 6 by 6 blocks, each block "
        "with three diagonals that hold the numbers of one kernel row."
    ),
    "02 descent": (
        "Left, the blurred target, the signal found by gradient descent and the true box with sharp edges: the found "
        "one follows the box, with ripples at its edges. Right, the loss over 200 steps, falling fast, then slowly."
    ),
    "02 enlarged": (
        "A detail of a test photograph: the truth, enlarged by nearest neighbour (blocks), bilinear (soft), "
        "bicubic and the learned kernel (both sharper)."
    ),
    "02 inverse": (
        "The blur matrix C has one quarter, one half, one quarter around its diagonal; C transposed times C is a "
        "wider blur, not the identity; the true inverse is full, with large entries of alternating sign."
    ),
    "02 keep-and-insert": "A 3 by 5 matrix with single ones at columns 0, 2 and 4, and its 5 by 3 transpose.",
    "02 learned-kernels": (
        "Three kernels of 6 by 6 taps: the bilinear one, the one learned from bilinear enlargements, equal to it, "
        "and the one learned from photographs, with a higher centre and a ring of negative taps."
    ),
    "02 matrix": (
        "A 5 by 5 matrix with z y x along its diagonals, times the column 0 a b c 0, gives ax, ay+bx, az+by+cx, "
        "bz+cy, cz; the third row and the third result are marked."
    ),
    "02 singular-values": (
        "Left, singular values on a signal of 36 pixels: constant for the sharp kernel, falling by orders of "
        "magnitude for the blurs. Right, condition numbers: 1 for the sharp kernel, growing with the length of the "
        "signal for tent and box, largest of all and not steadily growing for the Gaussian."
    ),
    "02 six-pixels": (
        "Two 3 by 6 matrices for six pixels: the first starts with y x, the second, TensorFlow's, with z y x."
    ),
    "02 stamping": (
        "Nine input values, one after the other, each add their multiple of the kernel to the output, two pixels "
        "apart; where stamps overlap, the numbers grow."
    ),
    "02 stamps": (
        "An input of 1, 10, 100, 1000 and a kernel of 1, 2, 3, 4; the kernel scaled by each input value, at four "
        "places of a 3 by 3 map; their sum, with 1234 in the middle; with stride 2 the four copies lie side by "
        "side on 4 by 4."
    ),
    "02 strided": (
        "A 3 by 5 matrix: rows y x 0 0 0, 0 z y x 0 and 0 0 0 z y; times 0 a b c 0 it gives ax, az+by+cx, cz."
    ),
    "02 strided-transpose": "The transposed 5 by 3 matrix times a b c gives ay, ax+bz, by, bx+cz, cy.",
    "02 strides": (
        "Eight matrices for nine pixels: the taps z y x step right by the stride from row to row; 'same' cuts them "
        "off at the borders, 'valid' has only whole rows."
    ),
    "02 transpose": (
        "The transposed 5 by 5 matrix has x y z along its diagonals; times 0 a b c 0 it gives az, ay+bz, ax+by+cz, "
        "bx+cy, cx."
    ),
    "02 ways-back": (
        "A blurred portrait; the transposed convolution of it, blurred more; the exact inverse without rounding, "
        "sharp; the inverse of the 8-bit picture, pure noise; the Wiener filter, sharper than the blurred one."
    ),
    "03 cats-eye": (
        "A cat's eye, small; enlarged with a 3 x 3 kernel it is covered by a fine grid; with 4 x 4 it is smooth."
    ),
    "03 early-photograph": (
        "A cat's eye, enlarged by two decoders: after one passage the transposed convolution lays a grid over it and "
        "the resize-convolution does not; at the end the grid is faint."
    ),
    "03 flat-outputs": (
        "Outputs for a flat input. Before: checkerboards for all transposed convolutions and random sub-pixel "
        "convolution. After: much fainter ones, also with ICNR; resize-convolution stays flat."
    ),
    "03 input-gradient": (
        "The size of the gradient at each pixel of the photograph: a grid for both strided encoders, and the eye "
        "without a grid for the encoder that averages."
    ),
    "03 pair-tables": (
        "Three heat maps over kernel size and stride. With equal weights the energy is zero exactly where the "
        "stride divides the kernel size; with random weights it is large for every stride above 1; their mean "
        "power follows the first table again."
    ),
    "03 phase-errors": (
        "Error by output phase. With a 3 x 3 kernel, bias and one weight leave errors of opposite sign in the "
        "phases; with all weights free, or with a 4 x 4 kernel, none is left."
    ),
    "03 spectrum": (
        "The overlap map and its spectrum from minus one half to one half: all energy stands in four points, the "
        "mean in the middle and three stride frequencies at the edge."
    ),
    "03 stacked": (
        "Overlap maps of one, two and three layers: with kernel 3 the pattern gets coarser and stronger, with kernel 4 "
        "all maps are flat."
    ),
    "03 ten-maps": (
        "Ten overlap maps on one scale of colours. Pairs whose stride divides the kernel size are flat inside; the "
        "others show a grid."
    ),
    "03 training": (
        "Checkerboard energy on flat inputs over the training steps, on a logarithmic axis with a strip for 0 "
        "below. All but resize-convolution and ICNR start near 1 and fall by orders of magnitude; ICNR leaves 0; "
        "resize-convolution stays at 0."
    ),
    "03 unevenness": "One dot per seed for each competitor: error of the worst phase over that of the best, and PSNR.",
    "03 windows": (
        "Eight grids with values at every second place. A 3 x 3 window covers four, two, two or one value, "
        "depending on where it stands; a 4 x 4 window covers four values wherever it stands."
    ),
    "03 your-phase-errors": (
        "Error by output phase for four kernels: a 3 x 3 kernel of equal weights leaves errors of both signs, the "
        "bilinear one none, 4 x 4 equal weights none, 4 x 4 random weights large ones."
    ),
    "04 decoders": (
        "Two panels with a row for each decoder: a dot for each seed, the mean and its standard deviation; left "
        "mIoU, right boundary F."
    ),
    "04 lecture-example": (
        "A 4 x 4 map with the maximum of each 2 x 2 window marked; orange arrows lead to the pooled map 5 6 7 8, "
        "green arrows lead the values 1 2 3 4 from a second small map back to the marked places, zeros everywhere "
        "else."
    ),
    "04 odd-sizes": (
        "A map of 5 x 7 pooled to 3 x 4 and unpooled to 5 x 7: the windows in the last row and column hold two "
        "cells, the one in the corner, whose arrows stand out, holds one."
    ),
    "04 photograph-and-edges": (
        "Top: a portrait; three times pooled and unpooled, scattered dots on black; interpolated, a blurred "
        "picture. Bottom: its edges as thin lines; unpooled, dots exactly on the lines; interpolated, wide blurs."
    ),
    "04 pooling": (
        "Window by window, the largest value and its index are noted; then other values are put back, window by "
        "window, at these indices."
    ),
    "04 predictions": (
        "A street scene, its seven categories, and the predictions of the four decoders trained for seconds: with "
        "indices ragged but sharp, with interpolation smoother, without decoder large blobs."
    ),
    "04 recorded": (
        "Differences between indices and three rivals with their intervals, twelve rows: on Toy Streets the intervals "
        "of boundary F lie to the right of 0; on CamVid they are wide."
    ),
}


def described(alt: str) -> str:
    """The text of a name such as "02 stamps"; any other text as it is.

    Raises:
        CourseError: there is no text of that name.
    """
    if not re.fullmatch(r"\d\d [\w-]+", alt):
        return alt
    if alt not in DESCRIPTIONS:
        raise CourseError(f"No figure is described as {alt!r}: add the text to course_utils/plotting/descriptions.py.")
    return DESCRIPTIONS[alt]
