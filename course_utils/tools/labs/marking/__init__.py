"""Submissions in, marks out: one at a time, a class at a time, here or on a cluster."""
