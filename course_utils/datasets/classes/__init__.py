"""Which classes occur where: counted once, and drawn more often where they are rare.

statistics.py   pixels and frames of each class
sampling.py     the order of an epoch in which each class has its turn
"""
