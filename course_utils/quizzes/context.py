"""The quiz of notebook 06."""

from course_utils.quizzes.question import Option, Question

QUESTIONS = (
    Question(
        "With rates in place of strides the slid classifier answers at 16 x 32 places instead of 4 x 8, and its "
        "mIoU hardly rises. Why?",
        (
            Option(
                "Its weights do not fit the denser map",
                "They do: not one of them changed, and the denser map contains the coarse one.",
            ),
            Option(
                "A map of 16 x 32 places is too coarse for a good score",
                "DeepLabV3 scores many times as much from a map of 8 x 16 places.",
            ),
            Option(
                "It has learnt what is in a crop, never where",
                "More places to ask do not help when the answers were never trained to stop at a contour.",
                right=True,
            ),
        ),
    ),
    Question(
        'The rate of a 3 x 3 convolution goes from 1 to 6, with padding "same". What grows?',
        (
            Option(
                "The span of its taps",
                "From 3 cells to 6 x 2 + 1 = 13 along each side.",
                right=True,
            ),
            Option(
                "The number of its weights",
                "Nine taps stay nine; between them the kernel has holes, and no weights.",
            ),
            Option(
                "The multiplications per output value",
                "There is one per tap and channel, and the number of taps is the same.",
            ),
            Option(
                "The height and width of its output",
                "With this padding the output is as large as the input, at every rate.",
            ),
        ),
    ),
    Question(
        "Three 3 x 3 layers of rate 2 leave holes in the receptive field. What closes them?",
        (
            Option(
                "A fourth layer of rate 2",
                "The field gets wider, and still holds every second pixel only.",
            ),
            Option(
                "Giving one of the layers the rate 1",
                "Then neighbours of the seen pixels are seen, too: an odd step fills the grid of even ones.",
                right=True,
            ),
            Option(
                "Giving all layers the rate 4",
                "Then all steps are multiples of 4, and the holes are wider.",
            ),
            Option(
                "Longer training",
                "Weights decide how much a tap counts, not where it lies.",
            ),
        ),
    ),
    Question(
        "By the formula an output's receptive field is 527 pixels wide. What do you know of the trained network?",
        (
            Option(
                "That its outputs use all 527, the outer ones as much as the inner ones",
                "Most ways through the layers lead to the middle. In the notebook nine tenths of the gradient lie "
                "within less than half of that width.",
            ),
            Option(
                "That training will widen its field to 527",
                "The formula does not mention weights. Training moves the part that counts, within that width, and "
                "may even shrink it.",
            ),
            Option(
                "That no output depends on a pixel further away",
                "The formula gives an upper bound, and nothing else.",
                right=True,
            ),
        ),
    ),
    Question(
        "A network's scores have a sixteenth of the image's height and width. How do you get the label map that is "
        "scored?",
        (
            Option(
                "Take the arg max, then enlarge the classes",
                "That gives square blocks. The notebook compares both ways: the blocks score lower.",
            ),
            Option(
                "Enlarge the scores, then take the arg max",
                "Between two places the scores change smoothly, so a border may run anywhere.",
                right=True,
            ),
            Option(
                "Shrink the true label map",
                "Then thin things vanish from the truth as well, and the score is that of an easier task.",
            ),
            Option(
                "Take the arg max, then interpolate",
                "Halfway between class 1 and class 3 there would be class 2, which has nothing to do with either.",
            ),
        ),
    ),
)
