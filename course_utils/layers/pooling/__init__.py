"""Pooling: max pooling with indices and its inverse, atrous and adaptive pooling, pyramids (PSPNet, DeepLab)."""
