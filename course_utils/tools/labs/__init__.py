"""Graded labs."""
