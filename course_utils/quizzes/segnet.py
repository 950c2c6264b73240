"""The quiz of notebook 05."""

from course_utils.quizzes.question import Option, Question

QUESTIONS = (
    Question(
        "What do SegNet's dashed arrows bring the decoder?",
        (
            Option(
                "The encoder's features before each pooling",
                "Other networks do carry those across. SegNet keeps only where the maxima stood, a small fraction "
                "of the memory.",
            ),
            Option(
                "For each pooled value, the place of the maximum",
                "Places and nothing else: what stands there comes up through the decoder.",
                right=True,
            ),
            Option(
                "The classes of things that pooling made too small to see",
                "An index knows no class. If a pole's features are lost at the bottleneck, an index cannot name it.",
            ),
        ),
    ),
    Question(
        "A third of all pixels are road, and all 19 classes occur. A network answers road everywhere. What are its "
        "pixel accuracy and its mIoU?",
        (
            Option(
                "33 % and 33 %",
                "33 % is the IoU of road alone. The other 18 classes score 0, and the mean counts them all.",
            ),
            Option(
                "33 % and 100 %",
                "It finds every pixel of road, but the union also holds all that is wrongly called road.",
            ),
            Option(
                "33 % and 2 %",
                "One class in 19 has an IoU above 0: 33 % / 19. Pixel accuracy hides what mIoU shows.",
                right=True,
            ),
        ),
    ),
    Question(
        "The car's own bonnet is void in the label map. A network calls it building. What happens to its mIoU?",
        (
            Option(
                "Nothing: the bonnet is not counted",
                "Pixels that are void in the truth enter no row of the confusion matrix, whatever is predicted there.",
                right=True,
            ),
            Option(
                "It falls, as building now has false pixels",
                "It would if the bonnet were labelled. Nobody can say that a void pixel is not building.",
            ),
            Option(
                "It falls: void is never found",
                "Void is not one of the classes. It has no IoU, and the mean does not contain it.",
            ),
        ),
    ),
    Question(
        "Why does the competitor with the frozen encoder get more training steps than the others?",
        (
            Option(
                "Its encoder is trained already, and the decoder has to catch up",
                "The random encoder that is frozen gets as many. What is equal is the time, not how much is learnt.",
            ),
            Option(
                "Its steps only run the decoder",
                "The decoder needs features, so every image still goes through the encoder. Going back is what is "
                "saved.",
            ),
            Option(
                "Its steps are cheaper, and all get equal time",
                "No gradients are computed for frozen layers. That saves part of a step, not all of the encoder's "
                "share.",
                right=True,
            ),
        ),
    ),
    Question(
        "One run each: frozen first with trained weights ends three points above frozen first with random weights. "
        "What do you know?",
        (
            Option(
                "That the trained weights are worth three points",
                "It is the right comparison, with one draw of each. Another seed may move either by as much.",
            ),
            Option(
                "Hardly anything",
                "With one seed each, equal competitors differ at least as much in every deal: the p-value is 1.",
                right=True,
            ),
            Option(
                "That freezing is worth them",
                "Both were frozen, for as long. They differ in the weights they start from.",
            ),
            Option(
                "Nothing, as only training from scratch is a fair control",
                "From scratch differs in two things, weights and schedule. This control differs in one; it only "
                "needs more seeds.",
            ),
        ),
    ),
)
