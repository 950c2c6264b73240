"""Results as pages that can be sent to somebody: one file, no network, readable on a telephone."""

from course_utils.tools.reports.evaluation import Example, Shown, evaluation_page, frame_examples

__all__ = ["Example", "Shown", "evaluation_page", "frame_examples"]
