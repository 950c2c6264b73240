"""The quiz of notebook 07."""

from course_utils.quizzes.question import Option, Question

QUESTIONS = (
    Question(
        "At each coarse place LRR predicts ten coefficients per class. What do they describe?",
        (
            Option(
                "The scores of the class at ten places within the patch",
                "That would be a finer grid. A coefficient belongs to a picture that covers the whole patch.",
            ),
            Option(
                "How the class lies within the patch",
                "Each coefficient scales one picture of the class. Their sum is what the place draws.",
                right=True,
            ),
            Option(
                "How likely the ten most frequent classes are",
                "Each class has ten coefficients of its own, for pictures made of its own label patches.",
            ),
        ),
    ),
    Question(
        "Where is the boundary mask of road large?",
        (
            Option(
                "Where the true border of the road runs",
                "The mask cannot know the truth. It is made of the coarser level's own prediction.",
            ),
            Option(
                "Where the image has an edge",
                "The mask does not look at the image: an edge inside a road that is surely road leaves it at zero.",
            ),
            Option(
                "Where the probability of road is about one half",
                "If it is one half all over the window, largest and smallest agree, and the mask is zero.",
            ),
            Option(
                "Where the coarser level's probability of road changes",
                "Largest minus smallest value in a window: nothing but change counts.",
                right=True,
            ),
        ),
    ),
    Question(
        "Why does each level of LRR have a loss of its own?",
        (
            Option(
                "So that coarse levels are good early",
                "A finer level can only learn where the coarser one already draws a boundary. Elsewhere its "
                "gradient is multiplied by zero.",
                right=True,
            ),
            Option(
                "So that each level learns another part of the classes",
                "All levels predict all classes, from the same label map.",
            ),
            Option(
                "Because their scores differ in size",
                "A label map can be compared at any size, and the last level's loss reaches all others anyway, "
                "where masks let it through.",
            ),
        ),
    ),
    Question(
        "Masks are taken out of the trained LRR, and its mIoU falls. What does that show?",
        (
            Option(
                "That a network without masks learns worse",
                "It would have to be trained without them. This one was trained with masks and then robbed of them.",
            ),
            Option(
                "That finer levels draw nothing of use",
                "With the masks in place every level adds to the score.",
            ),
            Option(
                "That this network relies on its masks",
                "Nothing has ever held its finer levels back inside a region, as the masks did that for them.",
                right=True,
            ),
        ),
    ),
    Question(
        "Only a square around a pixel is left of its street; the rest is another street. The network's answer "
        "changes from right to wrong. What follows?",
        (
            Option(
                "Its receptive field ends within the square",
                "Then nothing outside could have changed the answer.",
            ),
            Option(
                "Something outside the square mattered to it",
                "What that was, the experiment does not say: the true surroundings are gone, and the cut has put in "
                "an edge that no street has.",
                right=True,
            ),
            Option(
                "It looks at the whole image evenly",
                "One changed answer says that the outside counts, not how much, nor where.",
            ),
        ),
    ),
)
