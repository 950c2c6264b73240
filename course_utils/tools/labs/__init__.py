"""Graded labs, from one source with solutions to marks and feedback.

A room for each step. A file imports from its own room and from those above it in this list, never from below:

    sandbox/       runs students' code: the sandbox, the process inside it, the messages between the two
    lab/           the lab: its source, its exercises, and the two notebooks released from it
    submissions/   what students hand in: files, answers, and copies that are safe to look at
    marking/       submissions in, marks out: one, a class, on this machine or on a cluster
    returning/     what students and instructors get back: gradebook, feedback, exports
"""
