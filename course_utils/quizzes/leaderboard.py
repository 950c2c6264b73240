"""The quiz of notebook 10."""

from course_utils.quizzes.question import Option, Question

QUESTIONS = (
    Question(
        "Two systems are scored on the same frames, and their 95 % intervals overlap. What follows for their "
        "difference?",
        (
            Option(
                "It may well be chance",
                "That does not follow: a frame that is hard is hard for both, so both scores move together, and "
                "their difference can be far surer than either.",
            ),
            Option(
                "It is real if it exceeds both half-widths",
                "Half-widths say how far each score moves, and nothing about whether the two move together.",
            ),
            Option(
                "Nothing: it needs an interval of its own",
                "Resample the frames for both systems at once and take the difference in each resample. In this "
                "notebook that tells apart many pairs whose intervals overlap.",
                right=True,
            ),
        ),
    ),
    Question(
        "A permutation test gives p = 0.03. What is 0.03?",
        (
            Option(
                "How often exchanged results would differ by as much",
                "It is computed as if the systems were equal: their results on each image are exchanged at random.",
                right=True,
            ),
            Option(
                "How likely it is that they are equal",
                "The test starts from equal systems and asks how unusual the data are. It cannot say how likely its "
                "own assumption is.",
            ),
            Option(
                "The share of the frames on which the worse system wins",
                "The test looks at the score of all frames together. How many frames each system wins is another "
                "figure.",
            ),
        ),
    ),
    Question(
        "The frames of a split are one drive. Somebody draws them one by one for the bootstrap. What is wrong with "
        "the interval?",
        (
            Option(
                "It is too wide: neighbours are drawn twice",
                "Drawing twice is part of every bootstrap, and does not widen an interval that should be wide.",
            ),
            Option(
                "It is too narrow: neighbours tell little that is new",
                "Neighbouring frames share their luck, so the drive holds fewer independent facts than it has "
                "frames. Blocks of frames keep the ties.",
                right=True,
            ),
            Option(
                "Nothing: random draws are independent",
                "The draws are independent; the frames that are drawn still tell the same story several times.",
            ),
        ),
    ),
    Question(
        "A test over frames decides between two networks, each trained once. What would show that the one system is "
        "better?",
        (
            Option(
                "Many more frames of the same kind",
                "They make the verdict about these two networks surer. A network trained from another seed is "
                "another one.",
            ),
            Option(
                "A stricter level, such as 0.001",
                "That guards against chance in the choice of frames. Chance in training is not in the test at all.",
            ),
            Option(
                "The same verdict by boundary F",
                "A second measure of the same two networks brings no other training.",
            ),
            Option(
                "Several trainings of each, from other seeds",
                "Only they show how far a score moves from one training to the next.",
                right=True,
            ),
        ),
    ),
    Question(
        "After Holm's correction a pair is not decided. What may you write?",
        (
            Option(
                "The two systems are equally good",
                "No test shows that. A difference may be there, and too small for so few frames and so many "
                "comparisons.",
            ),
            Option(
                "These frames do not tell which is better",
                "The question stays open, and the width of the interval says how many frames might answer it.",
                right=True,
            ),
            Option(
                "Holm's correction has shown the difference to be chance",
                "It only asks for stronger evidence where many pairs are tested. It shows nothing about a single pair.",
            ),
        ),
    ),
)
