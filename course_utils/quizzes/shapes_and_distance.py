"""The quiz of notebook 09."""

from course_utils.quizzes.question import Option, Question

QUESTIONS = (
    Question(
        "A gate is fully closed at a pixel. What reaches the 1 x 1 convolution there?",
        (
            Option(
                "Nothing",
                "The gate's product is 0, but the features are added once more.",
            ),
            Option(
                "The features as they came",
                "The factor is 1 + alpha, and alpha is 0.",
                right=True,
            ),
            Option(
                "Half of each feature",
                "A gate of one half is half open, and the factor is then 1.5.",
            ),
        ),
    ),
    Question(
        "What teaches a gate where to open?",
        (
            Option(
                "The edge labels made from the label map",
                "They are the target of the boundary map at the end of the stream. No gate is compared with them.",
            ),
            Option(
                "The image gradient",
                "That is where the stream starts. A gate is computed from both streams, with weights that are learnt.",
            ),
            Option(
                "Whatever lowers the losses further on",
                "A gate is a means to that. The notebook's gates differ in where they open, and one is nearly "
                "closed on borders.",
                right=True,
            ),
        ),
    ),
    Question(
        "A boundary map is trained with the balanced loss and says 0.6 at a pixel. How likely is a boundary there?",
        (
            Option(
                "Much less likely than 60 %",
                "The loss gives rare boundary pixels more weight, so the map passes 0.5 as soon as a boundary is "
                "likelier than on average.",
                right=True,
            ),
            Option(
                "60 %, as a sigmoid gives a probability",
                "It does if the loss counts all pixels alike. Here the two kinds carry half of the loss each.",
            ),
            Option(
                "More likely than 60 %, as boundaries are rare",
                "Rare things are less likely than a balanced loss makes them look, not more.",
            ),
        ),
    ),
    Question(
        "The shipped GSCNN scores less than the shipped DeepLabV3+, and the interval of the difference leaves zero "
        "out. What follows for the shape stream?",
        (
            Option(
                "It does harm, at least on frames like these",
                "The interval speaks of these two networks. It cannot tell which of their differences is to blame.",
            ),
            Option(
                "It needs larger images to pay",
                "That may be, but nothing here has tested it.",
            ),
            Option(
                "Nothing, for the networks differ in more than that",
                "The two are no twins: DeepLabV3+ has nearly four times as many weights. Only networks that differ "
                "in little but the stream can tell.",
                right=True,
            ),
        ),
    ),
    Question(
        "A paper has boundary F within 3 pixels on frames of 1024 x 2048, you have it within 3 pixels on 128 x 256. "
        "Which test is stricter?",
        (
            Option(
                "Yours, as each of your pixels shows more of the street",
                "For the same reason your tolerance of three pixels covers eight times as much of it.",
            ),
            Option(
                "The paper's, on its large frames",
                "Three of 1024 rows are a much smaller share of the picture than three of 128.",
                right=True,
            ),
            Option(
                "Neither, as pixels are pixels",
                "What counts is how far off a contour may be, and that is a share of the picture.",
            ),
        ),
    ),
)
