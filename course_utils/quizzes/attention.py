"""The quiz of notebook 11."""

from course_utils.quizzes.question import Option, Question

QUESTIONS = (
    Question(
        "All keys are equal. What does each query take?",
        (
            Option(
                "The value of its own pixel",
                "Nothing in the formula ties a query to the pixel that asks it.",
            ),
            Option(
                "Nothing: no key stands out",
                "The weights of a row always sum to 1, however alike the scores are.",
            ),
            Option(
                "The mean of all values",
                "Equal keys give equal scores, whatever the query, and the softmax makes them equal weights.",
                right=True,
            ),
        ),
    ),
    Question(
        "What makes the cost of attention grow in step with the number of pixels, and no faster?",
        (
            Option(
                "A larger reduction R",
                "It divides the cost by a larger number, and the growth stays: twice the pixels are twice the "
                "queries and twice the keys.",
            ),
            Option(
                "As many keys for a large image as for a small one",
                "Then only the queries grow with the image. A fixed reduction lets the keys grow, too.",
                right=True,
            ),
            Option(
                "Fewer channels",
                "They make each product cheaper. The number of products grows as before.",
            ),
        ),
    ),
    Question(
        "Attention gives every key of the image a weight above 0. What follows for what a pixel's class depends on?",
        (
            Option(
                "All pixels count about equally",
                "The weights differ from key to key, and what is taken passes through many more layers.",
            ),
            Option(
                "Any pixel may count, however little",
                "Within reach does not mean used. How much it counts has to be measured.",
                right=True,
            ),
            Option(
                "Far pixels count more than near ones",
                "Not by the notebook's measurement: half of what counts for the middle pixel lies near it.",
            ),
        ),
    ),
    Question(
        "Somebody gives you perfect masks of everything in the picture, without names. What is the mIoU of your "
        "label map?",
        (
            Option(
                "It depends on what names the masks",
                "A mask with the wrong name is wrong as a whole. With the names of our network the score rises, and "
                "stays far below 100 %.",
                right=True,
            ),
            Option(
                "100 %, as all borders are right",
                "mIoU asks each pixel for its class, and masks have none.",
            ),
            Option(
                "The same as that of the network that names them",
                "Within a mask the majority decides, and puts many a wrong pixel right. In the notebook that raises "
                "the score.",
            ),
        ),
    ),
)
