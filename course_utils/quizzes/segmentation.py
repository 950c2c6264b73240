"""The quiz of notebook 00."""

from course_utils.quizzes.question import Option, Question

QUESTIONS = (
    Question(
        "Twelve cars are parked bumper to bumper, and the mask of class car is one connected shape. What would still "
        "tell you that there are twelve?",
        (
            Option(
                "The connected parts of the class mask",
                "Touching cars share one part, so you would count one.",
            ),
            Option(
                "An instance map",
                "It gives every car a number of its own, whether the cars touch or not.",
                right=True,
            ),
            Option(
                "The number of car pixels, divided by twelve",
                "You would need to know the answer first, and a car far away has fewer pixels than a near one.",
            ),
            Option(
                "The class mask at twice the resolution",
                "More pixels show the same classes. The mask has no place for a count.",
            ),
        ),
    ),
    Question(
        "A network returns scores `[H, W, 19]`. Over which values does the softmax run?",
        (
            Option(
                "The 19 scores of one pixel",
                "Each pixel gets its own distribution over the classes, and the 19 probabilities add up to 1.",
                right=True,
            ),
            Option(
                "The `H x W` scores of one class",
                "Then the pixels would compete for the class. Here the classes compete for the pixel.",
            ),
            Option(
                "All `H x W x 19` scores together",
                "Then all pixels would share a total of 1, and the probabilities would shrink as the image grows.",
            ),
        ),
    ),
    Question(
        "You add 100 to all 19 scores of a pixel. What happens to its probabilities?",
        (
            Option(
                "The largest comes close to 1",
                "Multiplying the scores by a large number does that. Adding the same number leaves their differences "
                "alone.",
            ),
            Option(
                "They all become equal",
                "They would if the scores became equal, but the differences between them stay.",
            ),
            Option(
                "Nothing",
                "Numerator and denominator both grow by the factor exp(100), which cancels. That is why an "
                "implementation may subtract the largest score first.",
                right=True,
            ),
        ),
    ),
    Question(
        "Half of the pixels of a training image are void. What do they add to the loss?",
        (
            Option(
                "Nothing: the mean runs over the labelled pixels only",
                "A void pixel has no true class, so there is no probability to take the logarithm of.",
                right=True,
            ),
            Option(
                "`log 19` each, as for a network that knows nothing",
                "That is the loss of a labelled pixel whose 19 probabilities are equal. Void pixels are left out.",
            ),
            Option(
                "The loss of a 20th class",
                "Void is not a class: the network has 19 outputs, and none of them stands for void.",
            ),
        ),
    ),
)
