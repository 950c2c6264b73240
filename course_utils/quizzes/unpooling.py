"""The quiz of notebook 04."""

from course_utils.quizzes.question import Option, Question

QUESTIONS = (
    Question(
        "Windows of 3 x 3. An index is 5. Where in its window did the maximum stand?",
        (
            Option(
                "In the middle",
                "The middle is 4: places are counted from 0.",
            ),
            Option(
                "Middle row, right column",
                "5 = 1 x 3 + 2: row 1 and column 2, both counted from 0.",
                right=True,
            ),
            Option(
                "Bottom row, middle column",
                "That is 7. Row 2 begins with index 6.",
            ),
        ),
    ),
    Question(
        "You pool a map, unpool the maxima, and pool again. Some maxima have changed. What must have been in the map?",
        (
            Option(
                "A window whose values are all negative",
                "Its maximum is negative and loses against the zeros that unpooling writes around it.",
                right=True,
            ),
            Option(
                "Two equal maxima in one window",
                "One of them comes back, and its value is the same.",
            ),
            Option(
                "An odd number of rows",
                "The last window is cut, but its maximum returns to its place like any other.",
            ),
        ),
    ),
    Question(
        "By mistake, a decoder unpools with the indices of another image of the same size. What happens?",
        (
            Option(
                "The shapes do not match, and an error is raised",
                "Both images have index maps of the same shape. Nothing fails.",
            ),
            Option(
                "Nothing: the values are right, and only they count",
                "Where a value stands is all that an index tells, and now it tells of the other image.",
            ),
            Option(
                "Values land a pixel or more beside their true places",
                "Each value stays in its window, but at the place where the other image had its maximum. With three "
                "levels the errors add up to as much as 7 pixels.",
                right=True,
            ),
        ),
    ),
    Question(
        "The gradient at a pooled value is 5. Which values of its window get a part of it in the backward pass?",
        (
            Option(
                "The four values get 1.25 each",
                "That is average pooling, whose derivative is 1/4 everywhere in the window.",
            ),
            Option(
                "The one at the index gets all of it",
                "The derivative of a maximum is 1 where the maximum stands and 0 elsewhere: unpooling.",
                right=True,
            ),
            Option(
                "All values that are equal to the maximum get 5",
                "Of equal values one wins, here the first. Otherwise the window would pass on more than it received.",
            ),
        ),
    ),
)
