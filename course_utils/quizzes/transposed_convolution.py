"""The quiz of notebook 02."""

from course_utils.quizzes.question import Option, Question

QUESTIONS = (
    Question(
        "A transposed convolution with a 3 x 3 kernel and stride 2 reads 4 x 4 pixels; nothing is cropped. How large "
        "is its output?",
        (
            Option(
                "8 x 8",
                'Twice the input: that is padding "same", which crops. The last stamp reaches one pixel further.',
            ),
            Option(
                "9 x 9",
                "The last stamp begins at (4 - 1) x 2 = 6 and is 3 wide.",
                right=True,
            ),
            Option(
                "12 x 12",
                "So it would be with stride 3, where the stamps do not overlap.",
            ),
            Option(
                "7 x 7",
                "That is where the values stand after zero insertion. The kernel adds two more pixels.",
            ),
        ),
    ),
    Question(
        "A 3 x 3 kernel and stride 3: how many stamps add up in one output pixel?",
        (
            Option(
                "Nine",
                "Each input value reaches nine output pixels, but each output pixel belongs to one stamp.",
            ),
            Option(
                "One or four, depending on the pixel",
                "Stamps that overlap make such a pattern, as with stride 2. Here they stand side by side.",
            ),
            Option(
                "One",
                "The stamps are as wide as the stride, so they lie side by side like tiles.",
                right=True,
            ),
        ),
    ),
    Question(
        "A strided convolution has a 3 x 5 matrix C. What do you know of CᵀCx, for a signal x of five pixels?",
        (
            Option(
                "It has five values",
                "The transpose restores the shape. Nothing more is promised: three numbers cannot hold five.",
                right=True,
            ),
            Option(
                "It is x",
                "Then the transpose would be the inverse. A 3 x 5 matrix has none: two dimensions are lost.",
            ),
            Option(
                "It has three values",
                "Cx has three. The transposed matrix is 5 x 3 and turns them into five.",
            ),
        ),
    ),
    Question(
        "A transposed convolution inserts zeros first. Which step of the strided convolution does that transpose?",
        (
            Option(
                "The padding with zeros",
                "Padding transposed means cropping: values are dropped that lie beyond the border.",
            ),
            Option(
                "The sliding of the kernel",
                "Sliding transposed is sliding again, with the reversed kernel.",
            ),
            Option(
                "Keeping every second value",
                "Keeping is a matrix with a single 1 per row. Its transpose puts the values back, with zeros between.",
                right=True,
            ),
        ),
    ),
)
