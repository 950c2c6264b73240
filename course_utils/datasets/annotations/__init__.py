"""COCO's annotation files, of which nothing is believed before it has been checked."""
