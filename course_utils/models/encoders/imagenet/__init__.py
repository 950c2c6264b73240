"""Weights of classifiers that were trained on ImageNet, and what those classifiers tell apart.

applications     from `keras.applications`, which downloads them once
packaged         out of an installed package, offline
torch_file       arrays out of a file of torch's, without torch
weights_source   where weights come from, to be said
classes          the thousand classes' names
"""
