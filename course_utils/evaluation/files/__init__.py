"""Scores from files: folders of predictions, recorded results, the table that papers published."""
