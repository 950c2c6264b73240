"""Packs: a data set in a few large files, whose pictures need no decoding, so that reading keeps up with a GPU.

pack.py      what is in a pack, checked; a pack as a data set
record.py    one picture in a shard
packer.py    making a pack, piece by piece, so that it goes on after an interruption
"""
