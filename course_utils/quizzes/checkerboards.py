"""The quiz of notebook 03."""

from course_utils.quizzes.question import Option, Question

QUESTIONS = (
    Question(
        "Kernel size 6, stride 4. Which counts follow each other along one axis, away from the borders?",
        (
            Option(
                "2 2 1 1",
                "Phases 0 and 1 have a second tap four places on (4 and 5); phases 2 and 3 would need taps 6 and 7.",
                right=True,
            ),
            Option(
                "2 1 2 1",
                "That is kernel 3 with stride 2. The pattern repeats with the stride: four pixels here.",
            ),
            Option(
                "1.5 everywhere",
                "That is the mean, 6 / 4. A count is a whole number, so it has to vary.",
            ),
        ),
    ),
    Question(
        "Stride 4. Which is the smallest kernel that gives every pixel the same number of taps?",
        (
            Option(
                "2",
                "The counts are 1 1 0 0: half of the pixels get nothing but the bias.",
            ),
            Option(
                "8",
                "Its counts are equal, two per axis. A smaller kernel manages with one.",
            ),
            Option(
                "5",
                "The stride does not divide it: the counts are 2 1 1 1.",
            ),
            Option(
                "4",
                "Kernel size and stride agree, so each pixel gets one tap per axis, up to the border.",
                right=True,
            ),
        ),
    ),
    Question(
        "A trained 3 x 3 kernel with stride 2 has equal phase sums. What does it make of a constant image, away from "
        "the border?",
        (
            Option(
                "A checkerboard, since 2 does not divide 3",
                "The rule counts taps. What a pixel receives is the sum of its weights, and these sums are equal.",
            ),
            Option(
                "A constant image",
                "Every phase multiplies the constant by the same sum and adds the same bias.",
                right=True,
            ),
            Option(
                "A constant image only if the bias is 0",
                "The bias is the same in every phase: it changes the brightness and makes no pattern.",
            ),
        ),
    ),
    Question(
        "A 4 x 4 kernel with stride 2 starts from random weights of mean 0. What do you expect on a constant image?",
        (
            Option(
                "No pattern: the rule holds",
                "It holds for the counts. The four phases add up different random weights.",
            ),
            Option(
                "A pattern only near the border",
                "The phase sums differ everywhere, so the pattern fills the image.",
            ),
            Option(
                "A strong pattern",
                "The phase sums are four independent random numbers around 0, so they differ as much as they can.",
                right=True,
            ),
        ),
    ),
)
