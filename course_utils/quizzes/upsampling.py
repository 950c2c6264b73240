"""The quiz of notebook 01."""

from course_utils.quizzes.question import Option, Question

QUESTIONS = (
    Question(
        "A kernel enlarges signals four times and keeps a constant constant. What do all its taps add up to?",
        (
            Option(
                "1",
                "That is the sum of one phase. The kernel has four phases.",
            ),
            Option(
                "4",
                "Four phases, and each has to sum to 1.",
                right=True,
            ),
            Option(
                "16",
                "That is the sum for an image, where the kernel has 4 x 4 phases.",
            ),
            Option(
                "It depends on the number of taps",
                "A longer kernel spreads the same weight over more taps: each phase still sums to 1.",
            ),
        ),
    ),
    Question(
        "The cubic kernel draws a curve that goes higher than the highest sample. Where does that come from?",
        (
            Option(
                "Some of its taps are negative",
                "A low neighbour then has a negative weight, and the others add up to more than 1.",
                right=True,
            ),
            Option(
                "Its phases do not sum to 1",
                "They do: a constant stays constant. Overshoot appears where the signal changes.",
            ),
            Option(
                "It has more taps than the triangle",
                "A long kernel without negative taps gives weighted means, which never leave the range of the samples.",
            ),
        ),
    ),
    Question(
        "The lecture's kernel (aligned grid, factor 2) makes the last row and column too dark, but not the first. Why?",
        (
            Option(
                "The kernel is not symmetric",
                "It is: 1/2, 1, 1/2 along each axis.",
            ),
            Option(
                "The convolution drops the last samples",
                "All sixteen samples are in the result, at the even places.",
            ),
            Option(
                "The last output pixel lies beyond the last sample",
                "Half of its weight belongs to a sample that does not exist. The first output pixel lies on a sample.",
                right=True,
            ),
        ),
    ),
    Question(
        "Factor 4: how far apart are the results of the two grids, in output pixels?",
        (
            Option(
                "0.5",
                "That is the distance at factor 2. It grows with the factor.",
            ),
            Option(
                "4",
                "That is a whole sample. Both grids place a sample within its own block of four pixels.",
            ),
            Option(
                "1.5",
                "The aligned grid puts a sample on pixel 0 of its block, the other in the middle, at (4 - 1) / 2.",
                right=True,
            ),
            Option(
                "0: the results only differ at the border",
                "Compare two rows of the notebook, far from the border: all their values differ.",
            ),
        ),
    ),
)
