"""Reading ahead by threads."""

from course_utils.evaluation.files.in_order import in_order


def test_parallel_work_keeps_the_order_and_runs_only_a_little_ahead():
    taken = []

    def items():
        for item in range(200):
            taken.append(item)
            yield item

    for position, result in enumerate(in_order(lambda item: item * 2, items())):
        assert result == 2 * position
        assert len(taken) - position < 20
    assert len(taken) == 200
