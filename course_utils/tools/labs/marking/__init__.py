"""Submissions in, marks out: one submission, a whole class, on this machine or on a cluster."""
