"""The quiz of notebook 08."""

from course_utils.quizzes.question import Option, Question

QUESTIONS = (
    Question(
        "A grey pole stands before a grey wall. How does the appearance kernel bind a pixel of the pole to a pixel "
        "of the wall beside it?",
        (
            Option(
                "Not at all, as they belong to different classes",
                "The kernel is made of the image alone. It knows positions and colours, and no class.",
            ),
            Option(
                "Weakly: their scores differ",
                "Scores are the unary term. They may outweigh the bond; they do not weaken it.",
            ),
            Option(
                "About as strongly as two pixels of the pole",
                "Equally near and equally coloured pixels are bound alike. That is how a field loses poles.",
                right=True,
            ),
        ),
    ),
    Question(
        "All logits are 0, the pairs are bound, and Potts's rule holds. Which labelling has the least energy?",
        (
            Option(
                "Any in which all pixels agree",
                "Without a preference of single pixels only unequal pairs cost anything, and there are none.",
                right=True,
            ),
            Option(
                "The one in which classes change at the edges of the image",
                "Few pairs across an edge are bound strongly, but those cost something. No change costs nothing.",
            ),
            Option(
                "None: all labellings are equally good",
                "All would be if the pairs were not bound, either.",
            ),
        ),
    ),
    Question(
        "Mean field has come to rest: another step changes nothing. What has it found?",
        (
            Option(
                "The labelling with the least energy of all",
                "It finds probabilities. Their likeliest classes need not be the labelling of least energy.",
            ),
            Option(
                "Marginals, each of which suits all the others",
                "Each pixel's marginal is the best one while the others stay. Another start may end elsewhere.",
                right=True,
            ),
            Option(
                "The exact marginals of the field",
                "The divergence stays above zero: pixels that depend on each other are no product of independent ones.",
            ),
        ),
    ),
    Question(
        "The dense CRF raises boundary F within 1 pixel by far more than within 3. Why?",
        (
            Option(
                "Its kernels reach no further than a pixel or two",
                "One of them does. The appearance kernel has a position scale of 20 pixels.",
            ),
            Option(
                "It spoils as much as it mends",
                "It mends more than twice as many as it spoils; the notebook counts them.",
            ),
            Option(
                "It acts on the best borders only",
                "Then there would be nothing to gain at either tolerance.",
            ),
            Option(
                "It moves borders by a pixel or two",
                "Within 3 pixels such borders counted as found before. A tolerance decides what a score can see.",
                right=True,
            ),
        ),
    ),
    Question(
        "Piecewise training gives each pair of nodes a softmax of its own. What is the price?",
        (
            Option(
                "Somebody has to label the pairs",
                "Two nodes with labels are a labelled pair: the label map has them all.",
            ),
            Option(
                "Added up, the pieces are too sure",
                "What two pieces both know is counted twice when their scores are summed.",
                right=True,
            ),
            Option(
                "The sum over all labellings has to be formed at each step",
                "That is what it avoids: no training step sums over labellings.",
            ),
        ),
    ),
)
